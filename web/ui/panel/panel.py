"""Runs the live panel: opened, it shows the engine's status as the page knows it and follows the engine's log; closed,
it costs nothing.

While closed no message reaches it, nothing is drawn and the engine writes no detailed log for it.
"""

from ui.panel.compute import Compute
from ui.panel.log import PanelLog
from ui.panel.machine import PanelMachine
from ui.panel.measures import Measures
from ui.panel.model import PanelModel
from ui.panel.parts import Parts

PARTS = ("router", "speed", "measures", "compute", "memory", "queue", "breakers", "predictive")
RECORDS = 200
TICK_MS = 1000
OVERLAY = "(max-width: 63.99rem)"


class Panel:
    """``ask`` as the client's; ``ask_frame()`` has ``draw`` called soon; ``save_log()`` puts all that the engine's log
    keeps into a file."""

    def __init__(self, platform, words, state, ask, ask_frame, save_log):
        dom = platform.dom
        self._dom, self._words, self._state = dom, words, state
        self._window, self._timers, self._clock, self._bridge = (
            platform.window,
            platform.timers,
            platform.clock,
            platform.bridge,
        )
        self._ask, self._ask_frame = ask, ask_frame
        self.node = dom.by_id("panel")
        self._button = dom.by_id("open-panel")
        self._machine = PanelMachine(dom, words)
        self._log = PanelLog(dom)
        self._places = {name: self.node.querySelector("[data-part=" + name + "] .panel-part") for name in PARTS}
        self._model = self._parts = self._logs = None
        self._left = []
        self._timer = None
        dom.on(dom.by_id("close-panel"), "click", lambda _event: self.close())
        dom.on(self.node, "keydown", self._key)
        dom.on(dom.by_id("log-level"), "change", lambda _event: self._other_level())
        dom.on(dom.by_id("log-kind"), "change", lambda _event: self._other_level())
        dom.on(dom.by_id("export-log"), "click", lambda _event: save_log())

    @property
    def is_open(self):
        return self._model is not None

    def toggle(self):
        if self.is_open:
            self.close()
        else:
            self.open()

    def open(self):
        if self.is_open:
            return
        self._model = PanelModel(self._state)
        self._parts = Parts(self._dom, self._words, self._state, self._model, self._clock, self._bring_chart)
        self._drawers = {
            "measures": Measures(self._dom, self._words, self._model).draw,
            "compute": Compute(self._dom, self._words, self._state, self._model).draw,
        }
        self._show(True)
        self._dom.by_id("panel-title").focus()
        self._follow_log()
        self.redraw()

    def close(self):
        if not self.is_open:
            return
        self._parts.end_chart()
        self._model = self._parts = self._logs = None
        self._left = []
        if self._timer is not None:
            self._timers.cancel(self._timer)
            self._timer = None
        self._log.clear()
        self._show(False)
        self._ask("logs", {"most": 1, "follow": False})
        self._button.focus()

    def _show(self, shown):
        self.node.hidden = not shown
        self._button.setAttribute("aria-expanded", "true" if shown else "false")
        root = self._dom.document.documentElement
        self._dom.attribute(root, "data-panel", "open" if shown else None)
        covers = shown and self._window.matchMedia(OVERLAY).matches
        for selector in ("header.top", "main", "footer.dock"):
            self._dom.document.querySelector(selector).inert = covers

    def _key(self, event):
        if self._dom.bridge.escapes(event):
            event.preventDefault()
            event.stopPropagation()
            self.close()

    def _follow_log(self):
        self._logs = self._ask("logs", {"most": RECORDS, "follow": True}, self._logs_came)

    def engine_ready(self):
        """A new engine knows nothing of this panel."""
        if self.is_open:
            self._follow_log()

    def _bring_chart(self):
        self._bridge.charts().then(self._charts_came)

    def _charts_came(self, module):
        if self.is_open:
            self._parts.chart = module
            self._model.dirty.add("speed")
            self._ask_frame()

    # what arrives

    def receive(self, message):
        self._model.apply(message)
        if message["type"] == "log":
            self._log.add([message["record"]])
        self._ask_frame()

    def know(self, parts):
        """These parts of the engine's status are others now."""
        self._model.know(parts)
        self._ask_frame()

    def answered(self):
        self._model.dirty.update(("router", "speed"))
        self._ask_frame()

    def _logs_came(self, message):
        if self.is_open and message["id"] == self._logs and message["type"] == "result":
            self._model.logs(message["payload"]["records"])
            self._log.refill(self._model.records)
            self._ask_frame()

    def _other_level(self):
        self._log.refill(self._model.records)
        self._ask_frame()

    # drawing

    def redraw(self):
        """Everything, in whatever language the page speaks now."""
        if self.is_open:
            self._model.dirty.update(PARTS)
            self._machine.draw(self._state, True)
            self._log.refill(self._model.records)
            self._ask_frame()

    def draw(self, dirty, over):
        """What is dirty, until the frame is ``over``. True when something is left."""
        if "turns" in dirty:
            self._model.dirty.update(("router", "speed"))
        if "names" in dirty:
            self._model.dirty.update(PARTS)
        self._machine.draw(self._state)
        for name in self._model.take_dirty():
            if name in PARTS and name not in self._left:
                self._left.append(name)
        while self._left and not over():
            self._draw_part(self._left.pop(0))
        return self._log.draw(over) or bool(self._left)

    def _draw_part(self, name):
        place = self._places[name]
        place.replaceChildren()
        draw = self._drawers.get(name) or getattr(self._parts, "draw_" + name)
        draw(place)
        if name == "breakers" and self._timer is None and self._parts.ticking:
            self._timer = self._timers.later(TICK_MS, self._tick)

    def _tick(self):
        self._timer = None
        if self.is_open:
            self._model.dirty.add("breakers")
            self._ask_frame()
