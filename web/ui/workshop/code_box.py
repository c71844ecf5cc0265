"""Shows the editor for an agent's Python: PyScript's in its cell, or a plain box where that can't start.

``open_editor(place, label, dark, on_text)`` gives a promise of the editor, with ``post(text)`` and
``end()``; what it says is in workshop/editor.js.
"""

import json

from ui.base.json_text import read

PATIENCE_MS = 30_000


class CodeBox:
    """``node`` holds it. ``on_code()`` when the code changed, ``on_run()`` at Ctrl+Enter."""

    def __init__(self, dom, words, timers, open_editor, is_dark, on_code, on_run):
        self._dom, self._words, self._timers = dom, words, timers
        self._open_editor, self._is_dark = open_editor, is_dark
        self._on_code, self._on_run = on_code, on_run
        self._editor = None
        self._opening = 0  # which attempt; one that was given up is not taken when it comes
        self._timer = None
        self._state = "off"
        self._code = ""
        self.node = dom.el("div", "code-box")
        self._note = dom.el("p", "faint")
        self._place = dom.el("div", "code-place")
        label = dom.el("label", "unseen", words("field_code"), {"for": "workshop-code", "data-words": "field_code"})
        self._plain = dom.el(
            "textarea",
            "code-plain",
            attributes={
                "id": "workshop-code",
                "rows": "12",
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "wrap": "off",
                "aria-describedby": "hint-code wrong-code",
            },
        )
        dom.on(self._plain, "input", lambda _event: self._typed())
        dom.on(self._plain, "keydown", self._key)
        self.node.append(self._note, self._place, label, self._plain)
        self._show("off")

    @property
    def code(self):
        return self._code

    @code.setter
    def code(self, code):
        self._code = code
        self._plain.value = code
        if self._state == "editor":
            self._set()

    def start(self):
        if self._state != "off":
            return
        self._show("coming")
        self._opening += 1
        attempt = self._opening
        self._timer = self._timers.later(PATIENCE_MS, lambda: self._failed(attempt))
        opening = self._open_editor(
            self._place, self._words("field_code"), self._is_dark(), lambda text: self._heard(attempt, text)
        )
        opening.then(lambda editor: self._came(attempt, editor), lambda *_: self._failed(attempt))

    def end(self):
        """Gives the editor's memory back; ``start`` begins anew."""
        self._opening += 1
        self._leave()
        self._show("off")

    def _leave(self):
        if self._timer is not None:
            self._timers.cancel(self._timer)
            self._timer = None
        editor, self._editor = self._editor, None
        if editor:
            editor.end()

    def _came(self, attempt, editor):
        if attempt != self._opening:
            editor.end()
        else:
            self._editor = editor

    def _failed(self, attempt):
        if attempt == self._opening and self._state == "coming":
            self.end()
            self._show("plain")

    def _heard(self, attempt, text):
        if attempt != self._opening:
            return
        message = read(text)
        kind = message.get("type")
        if kind == "ready" and self._state == "coming":
            self._timers.cancel(self._timer)
            self._timer = None
            self._show("editor")
            self._set()
        elif kind == "failed":
            self._failed(attempt)
        elif kind == "code" and self._state == "editor" and isinstance(message.get("code"), str):
            self._code = self._plain.value = message["code"]
            self._on_code()
        elif kind == "run":
            self._on_run()

    def _set(self):
        self._editor.post(json.dumps({"type": "set", "code": self._code}))

    def _typed(self):
        self._code = self._plain.value
        self._on_code()

    def _key(self, event):
        if self._dom.bridge.commanded(event, "Enter"):
            event.preventDefault()
            self._on_run()

    def _show(self, state):
        self._state = state
        self.node.setAttribute("data-editor", state)
        self._plain.hidden = state != "plain"
        self._place.hidden = state == "plain"
        note = {"coming": "editor_starting", "plain": "editor_plain"}.get(state)
        self._note.hidden = note is None
        self._note.textContent = self._words(note) if note else ""
