"""The models' part of the settings: which version of each is in use, going back, looking for new ones."""


def version_rows(versions):
    """(model, version in use, version to go back to or None) of each model that is kept."""
    return [(row["model"], row["current"], row.get("previous")) for row in versions or [] if row.get("current")]


class ModelsSettings:
    """``send(kind, fields)`` sends a request; ``ended`` is told how it ended."""

    def __init__(self, dom, words, send):
        self._dom, self._words, self._send = dom, words, send
        self._list = dom.by_id("model-versions")
        self._note = dom.by_id("versions-note")
        self._check = dom.by_id("version-check")
        self._rows = []
        self._back = None  # the model that goes back now
        dom.on(self._list, "click", self._clicked)
        dom.on(self._check, "click", lambda _event: self._look())

    def draw(self, state):
        dom, words = self._dom, self._words
        self._state = state
        self._rows = version_rows(state.device.get("versions"))
        self._list.replaceChildren()
        for model, current, previous in self._rows:
            row = dom.el("li", "model-row", attributes={"data-model": model})
            row.appendChild(dom.el("span", None, words("version_of", model=state.model_name(model), version=current)))
            if previous:
                button = dom.button("back", words("version_back", version=previous))
                button.dataset.model = model
                row.appendChild(button)
            self._list.appendChild(row)
        if not self._rows:
            self._list.appendChild(dom.el("li", "faint", words("versions_none")))
        self._check.disabled = not self._rows

    def _clicked(self, event):
        button = event.target.closest("[data-action=back]")
        if button:
            self._back = button.dataset.model
            button.disabled = True
            self._send("version", {"action": "back", "model": self._back})

    def _look(self):
        for model, _, _ in self._rows:
            self._send("version", {"action": "check", "model": model})
        self._note.textContent = self._words("version_checking")

    def ended(self, message, state):
        """The end of a ``version`` request."""
        if message["type"] == "error":
            error = message["error"]
            what, hint = self._words.error(error["code"], error.get("message", ""), error.get("hint", ""))
            self._note.textContent = what + ". " + hint
        elif self._back:
            for model, current, _ in version_rows(state.device.get("versions")):
                if model == self._back:
                    name = state.model_name(model)
                    self._note.textContent = self._words("version_back_done", model=name, version=current)
        self._back = None
        self.draw(state)
