"""Collects what the live panel shows, from the engine's status and events. Pure; it exists only while the panel is
open.
"""

MOST_RECORDS = 400
MOST_ANSWERS = 24
MOST_FALLBACKS = 5
PHASES = ("routing", "loading", "prefill", "decode")
ENDED = {"success": "success", "error": "error", "cancelled": "cancelled"}


class PanelModel:
    """``dirty`` names the parts to draw again. ``now`` is in ms, from any steady clock."""

    def __init__(self):
        self.breakers = {}
        self.queue = {}
        self.predictive = {}
        self.prediction = None  # the last event
        self.memory = {}
        self.evicted = []
        self.backends = {}
        self.router = {}
        self.measures = {}  # name -> {"count", "p50", "p95"}
        self.slow_calls = 0
        self.slow_call_s = None  # seconds beyond which an answer counts as slow
        self.device = {}
        self.webgpu = []  # WebGPU's verdict for each model in memory
        self.fallbacks = []  # the last steps down, latest last
        self.records = []
        self.dirty = set()

    def take_dirty(self):
        dirty, self.dirty = self.dirty, set()
        return dirty

    def apply(self, message, now):
        handler = getattr(self, "_" + message["type"], None)
        if handler:
            handler(message, now)

    def status(self, payload, now):
        """Parts of the engine's status, or all of it."""
        if "breakers" in payload:
            self.breakers = {}
            for name, row in payload["breakers"].items():
                self.breakers[name] = dict(row)
                self.breakers[name]["until"] = now + 1000 * (row.get("retry_in_s") or 0)
        self.queue = payload.get("queue") or self.queue
        self.predictive = payload.get("predictive") or self.predictive
        self.memory = payload.get("memory") or self.memory
        if "loaded" in payload:
            self.backends = {row.get("model"): row.get("backend") for row in payload["loaded"]}
        self.router = payload.get("router") or self.router
        if "metrics" in payload:
            self.measures = dict(payload["metrics"].get("histograms") or {})
            self.slow_calls = (payload["metrics"].get("counters") or {}).get("slow_calls") or 0
        self.slow_call_s = (payload.get("config") or {}).get("slow_call_s", self.slow_call_s)
        self.device = payload.get("device") or self.device
        self.webgpu = payload.get("webgpu", self.webgpu)
        self.fallbacks = payload.get("fallbacks", self.fallbacks)[-MOST_FALLBACKS:]
        self.dirty.update(("breakers", "queue", "predictive", "memory", "router", "measures", "compute"))

    def logs(self, records):
        """The log so far."""
        self.records = records[-MOST_RECORDS:]

    # events

    def _breaker(self, message, now):
        row = self.breakers.setdefault(message["name"], {})
        row["state"], row["failures"] = message["state"], message["failures"]
        row["cause"], row["slow_rate"] = message.get("cause"), message.get("slow_rate")
        row["until"] = now + 1000 * (message.get("retry_in_s") or 0)
        self.dirty.add("breakers")

    def _queue(self, message, now):
        self.queue = {key: message.get(key) for key in ("running", "waiting", "limit")}
        self.dirty.add("queue")

    def _prediction(self, message, now):
        self.prediction = message
        self.dirty.add("predictive")

    def _memory(self, message, now):
        self.memory = {key: message.get(key) for key in ("used_bytes", "budget_bytes", "models")}
        self.evicted = message.get("evicted") or self.evicted
        self.dirty.add("memory")

    def _router(self, message, now):
        router = dict(self.router)
        router.update({"name": message["name"], "corrections": message["corrections"]})
        router["loading"] = bool(message.get("loading"))
        if router["loading"]:
            router.update({"loaded_bytes": message["loaded_bytes"], "total_bytes": message["total_bytes"]})
        self.router = router
        self.dirty.add("router")

    def _metric(self, message, now):
        self.measures[message["name"]] = {key: message[key] for key in ("count", "p50", "p95")}
        self.slow_calls += bool(message.get("slow"))
        self.dirty.add("measures")

    def _fallback(self, message, now):
        self.fallbacks = (self.fallbacks + [message])[-MOST_FALLBACKS:]
        self.dirty.add("compute")

    def _log(self, message, now):
        """Kept for another level; the rows are ``PanelLog``'s."""
        self.records.append(message["record"])
        if len(self.records) > 2 * MOST_RECORDS:
            self.records = self.records[-MOST_RECORDS:]


def last_answer(conversation):
    for turn in reversed(conversation.turns):
        if turn.role == "assistant":
            return turn
    return None


def machine(turn):
    """(the state that is lit, [(state, ms)] of the way there) for an answer, or for None."""
    if turn is None:
        return "idle", []
    path = list(turn.path) or _path_of(turn.meta.get("timings") or {})
    return ENDED.get(turn.state) or turn.at or "idle", path


def _path_of(timings):
    """The way of an answer from an earlier visit, from its timings."""
    if not timings:
        return []
    rows = [("validating", timings.get("validating")), ("routing", timings.get("routing"))]
    rows.append(("loading_agent", timings.get("loading", timings.get("loading_agent"))))
    answering = (timings.get("prefill") or 0) + (timings.get("decode") or 0) or timings.get("inferencing")
    rows.append(("inferencing", answering))
    return [(state, ms) for state, ms in rows if ms is not None]


def summed(path):
    """ms per state: a request may come to one twice."""
    sums = {}
    for state, ms in path:
        sums[state] = sums.get(state, 0) + ms
    return sums


def decided(conversation):
    """The last answer whose routing is known, or None."""
    for turn in reversed(conversation.turns):
        if turn.role == "assistant" and turn.meta.get("router"):
            return turn
    return None


def ranked(probabilities):
    return sorted((probabilities or {}).items(), key=lambda row: -row[1])


def answers(conversation):
    """(question's number, turn) of the last finished answers that have timings."""
    rows, number = [], 0
    for turn in conversation.turns:
        if turn.role != "assistant":
            continue
        number += 1
        if turn.state == "success" and turn.meta.get("timings"):
            rows.append((number, turn))
    return rows[-MOST_ANSWERS:]


def phases(timings):
    """(phase, ms) of an answer; what took no time is left out."""
    return [(name, timings[name]) for name in PHASES if timings.get(name)]
