"""Draws the card under an answer: why this agent, and what to do when it was the wrong one."""

from ui.asking import agents
from ui.words import formatting


class WhyView:
    """Built only when somebody opens it. Its buttons carry ``data-action="correct"``."""

    def __init__(self, dom, words, state):
        self._dom, self._words, self._state = dom, words, state
        self.node = dom.el("div", "why", attributes={"role": "group"})
        self.node.hidden = True

    @property
    def is_open(self):
        return not self.node.hidden

    def close(self):
        self.node.hidden = True
        self.node.replaceChildren()

    def open(self, turn, may_correct):
        dom, words = self._dom, self._words
        self.node.replaceChildren()
        self.node.setAttribute("aria-label", words("why"))
        self.node.appendChild(dom.el("p", "why-reason", agents.reason_words(turn, words)))
        if turn.meta.get("router") != "forced":
            how = how_words(turn, words)
            if how:
                self.node.appendChild(dom.el("p", "faint", how))
        if may_correct:
            self._offer(turn)
        self.node.hidden = False

    def _offer(self, turn):
        dom, words = self._dom, self._words
        title = dom.el("p", "why-wrong")
        title.append(dom.el("strong", None, words("wrong_agent")), dom.el("span", None, words("wrong_agent_hint")))
        chips = dom.el("div", "chips", attributes={"role": "group", "aria-label": words("wrong_agent")})
        for choice in agents.choices(self._state.agents, words):
            if choice.agent == turn.agent:
                continue
            chip = dom.button("correct", choice.name, cls="chip")
            chip.setAttribute("data-agent", choice.agent)
            chip.setAttribute("title", choice.why_not or choice.about)
            if not choice.available:
                chip.disabled = True
                chip.setAttribute("aria-description", choice.why_not)
            chips.appendChild(chip)
        self.node.append(title, chips)

    def focus(self):
        chip = self.node.querySelector(".chip:not(:disabled)")
        if chip:
            chip.focus()


def how_words(turn, words):
    """Which router chose, and how sure it was."""
    key = "router_" + (turn.meta.get("router") or "")
    if not words.has(key):
        return ""
    text = words(key)
    certainty = agents.certainty(turn)
    if certainty is not None:
        text += ", " + words("certain", share=formatting.share(certainty, words))
    return text + "."
