"""Says what the live panel shows: parts of the engine's status as the page knows it, and what only the panel keeps.
Pure; it exists only while the panel is open.
"""

MOST_RECORDS = 400
MOST_ANSWERS = 24
MOST_FALLBACKS = 5
PHASES = ("routing", "loading", "prefill", "decode")
ENDED = {"success": "success", "error": "error", "cancelled": "cancelled"}
DRAWN_BY = {
    "breakers": ("breakers",),
    "queue": ("queue",),
    "predictive": ("predictive",),
    "memory": ("memory",),
    "loaded": ("memory", "compute"),
    "router": ("router",),
    "metrics": ("measures",),
    "config": ("measures",),
    "device": ("compute",),
    "webgpu": ("compute",),
    "fallbacks": ("compute",),
}
"""Which of the panel's parts show a part of the engine's status."""
SAYS = {"queue": "queue", "memory": "memory", "metric": "metrics", "fallback": "fallbacks", "router": "router"}
"""The events that say what is new in a part of the status."""


class PanelModel:
    """``dirty`` names the parts to draw again. The engine's status is ``state``'s, which the reducer keeps."""

    def __init__(self, state):
        self._state = state
        self.prediction = None  # the last event
        self.evicted = []
        self.records = []
        self.dirty = set()

    def _part(self, name, unknown):
        return self._state.device.get(name) or unknown

    @property
    def breakers(self):
        return self._part("breakers", {})

    @property
    def queue(self):
        return self._part("queue", {})

    @property
    def predictive(self):
        return self._part("predictive", {})

    @property
    def memory(self):
        return self._part("memory", {})

    @property
    def backends(self):
        """What computes each model in memory."""
        return {row.get("model"): row.get("backend") for row in self._part("loaded", [])}

    @property
    def router(self):
        return self._part("router", {})

    @property
    def measures(self):
        """name -> {"count", "p50", "p95"}"""
        return self._part("metrics", {}).get("histograms") or {}

    @property
    def slow_calls(self):
        return (self._part("metrics", {}).get("counters") or {}).get("slow_calls") or 0

    @property
    def slow_call_s(self):
        """Seconds beyond which an answer counts as slow."""
        return self._part("config", {}).get("slow_call_s")

    @property
    def device(self):
        return self._part("device", {})

    @property
    def webgpu(self):
        """WebGPU's verdict for each model in memory."""
        return self._part("webgpu", [])

    @property
    def fallbacks(self):
        """The last steps down, the latest last."""
        return self._part("fallbacks", [])[-MOST_FALLBACKS:]

    def take_dirty(self):
        dirty, self.dirty = self.dirty, set()
        return dirty

    def know(self, parts):
        """These parts of the engine's status are others now."""
        for name in parts:
            self.dirty.update(DRAWN_BY.get(name, ()))

    def apply(self, message):
        """An event, which the reducer has taken in."""
        kind = message["type"]
        if kind in SAYS:
            self.know((SAYS[kind],))
        if kind == "memory":
            self.evicted = message.get("evicted") or self.evicted
        elif kind == "prediction":
            self.prediction = message
            self.dirty.add("predictive")
        elif kind == "log":
            self._log(message["record"])

    def logs(self, records):
        """The log so far."""
        self.records = records[-MOST_RECORDS:]

    def _log(self, record):
        """Kept for another level; the rows are ``PanelLog``'s."""
        self.records.append(record)
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
