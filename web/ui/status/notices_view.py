"""Draws quiet bars at the top of the conversation: limits, fallbacks, a new version, a failed start."""

from ui.answers.answer_view import note_words

RELOADING = ("update_ready", "boot_timeout", "boot_crashed", "engine_crashed", "boot_failed")
URGENT = ("boot_timeout", "boot_crashed", "engine_crashed", "no_workers", "boot_failed")


class NoticesView:
    """``act(action, kind)``: reload, update or dismiss."""

    def __init__(self, dom, act):
        self._dom = dom
        self._act = act
        self._place = dom.by_id("notices")
        dom.on(self._place, "click", self._clicked)

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if button:
            self._act(button.dataset.action, int(button.parentNode.dataset.index))

    def draw(self, notices, words):
        dom = self._dom
        self._place.replaceChildren()
        for index, notice in enumerate(notices):
            kind = notice["kind"]
            urgent = kind in URGENT
            bar = dom.el(
                "div",
                "notice",
                attributes={
                    "role": "alert" if urgent else "status",
                    "data-kind": notice.get("step") or kind,
                    "data-index": str(index),
                    "data-urgent": "true" if urgent else "false",
                },
            )
            bar.appendChild(dom.el("p", None, notice.get("text") or note_words(notice, words)))
            if kind == "update_ready":
                bar.appendChild(dom.button("update", words("reload"), cls="solid"))
            elif kind in RELOADING:
                bar.appendChild(dom.button("reload", words("reload"), cls="solid"))
            if not urgent:
                bar.appendChild(dom.button("dismiss", words("later") if kind == "update_ready" else words("dismiss")))
            self._place.appendChild(bar)
