"""Keeps the parts of the engine's status: the snapshot of its start, and what events changed since. Pure."""

MOST_FALLBACKS = 10  # as many as the engine keeps


def take(parts, news, now):
    """``news``: whole parts, which take the place of what was known. ``now`` in ms: a breaker that is to be tried again
    in some seconds has its time (``until``) from then on."""
    for name in news:
        parts[name] = news[name]
    if "breakers" in news:
        parts["breakers"] = {name: _timed(row, now) for name, row in news["breakers"].items()}


def _timed(row, now):
    row = dict(row)
    row["until"] = now + 1000 * (row.get("retry_in_s") or 0)
    return row


def hear(parts, message):
    """Takes in an event that says all of a part, or what is new in it."""
    kind = message["type"]
    if kind == "queue":
        parts["queue"] = {key: message.get(key) for key in ("running", "waiting", "limit")}
    elif kind == "memory":
        parts["memory"] = {key: message.get(key) for key in ("used_bytes", "budget_bytes", "models")}
    elif kind == "metric" and message.get("name"):
        _measure(parts, message)
    elif kind == "router":
        parts["router"] = dict(parts.get("router") or {})
        for key in ("name", "corrections", "loading", "loaded_bytes", "total_bytes"):
            parts["router"][key] = message.get(key)
    elif kind == "upgrade":
        parts["upgrade"] = dict(parts.get("upgrade") or {})
        parts["upgrade"]["event"] = message
    elif kind == "fallback":
        step = {key: message.get(key) for key in ("id", "kind", "from", "to", "reason_code", "reason")}
        parts["fallbacks"] = ((parts.get("fallbacks") or []) + [step])[-MOST_FALLBACKS:]


def _measure(parts, message):
    metrics = parts.get("metrics") or {}
    histograms, counters = dict(metrics.get("histograms") or {}), dict(metrics.get("counters") or {})
    histograms[message["name"]] = {key: message.get(key) for key in ("count", "p50", "p95")}
    if message.get("slow"):
        counters["slow_calls"] = (counters.get("slow_calls") or 0) + 1
    parts["metrics"] = {"histograms": histograms, "counters": counters}
