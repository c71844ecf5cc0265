"""Draws the state machine of the last request as a constellation: its state, its path, the time of each part."""

from ui.panel.model import last_answer, machine, summed
from ui.words import formatting


class PanelMachine:
    def __init__(self, dom, words):
        self._dom, self._words = dom, words
        picture = dom.by_id("machine")
        self._trail = dom.by_id("machine-trail")
        self._path = dom.by_id("machine-path")
        self._nodes, self._times, self._places = {}, {}, {}
        for node in dom.all(".node", picture):
            name, dot = node.getAttribute("data-state"), node.querySelector("circle")
            self._nodes[name] = node
            self._times[name] = node.querySelector(".ms")
            self._places[name] = dot.getAttribute("cx") + " " + dot.getAttribute("cy")
        self._drawn = None

    def draw(self, state, force=False):
        """Only what changed since the last time."""
        lit, path = machine(last_answer(state.conversation))
        key = (lit, len(path), path[0][1] if path else 0, self._words.lang)
        if key == self._drawn and not force:
            return
        self._drawn = key
        sums = summed(path)
        for name, node in self._nodes.items():
            role = "lit" if name == lit else "passed" if name in sums else None
            self._dom.attribute(node, "data-role", role)
            if self._times[name]:
                self._times[name].textContent = formatting.duration(sums[name], self._words) if name in sums else ""
        way = ["idle"] + [name for name, _ in path] + [lit] if path else []
        places = [self._places[name] for name in way if name in self._places]
        self._trail.setAttribute("d", "M" + "L".join(places) if len(places) > 1 else "")
        self._list(path, lit)

    def _list(self, path, lit):
        """The way in words, for those who don't see the picture."""
        self._path.replaceChildren()
        if not path:
            self._path.appendChild(self._dom.el("li", "faint", self._words("machine_none")))
            return
        for name, ms in path:
            text = self._words("state_" + name) + " " + formatting.duration(ms, self._words)
            self._path.appendChild(self._dom.el("li", None, text, {"data-state": name}))
        self._path.appendChild(self._dom.el("li", "now", self._words("state_" + lit), {"data-state": lit}))
