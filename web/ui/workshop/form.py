"""Draws the workshop's form: an agent's fields, its code, and a trial of it; workshop.py does what its buttons ask
for.
"""

from ui.workshop.model import CODE_CHARS

TEXTS = ("name", "prompt", "examples", "question")
SHOWN_CHARS = 20_000


class Form:
    """``on_change()`` after each stroke; ``on_action(name)``: save, discard, try, stop, sample."""

    def __init__(self, dom, words, place, make_code_box, on_change, on_action):
        self._dom, self._words, self._place = dom, words, place
        self._on_change, self._on_action = on_change, on_action
        self._boxes, self._wrongs = {}, {}
        self._shown = 0
        self.code_box = make_code_box(self._changed, lambda: on_action("try"))
        self._note = dom.el("p", "draft-note")
        place.append(
            self._note,
            self._field("name", "input", {"type": "text", "autocomplete": "off"}),
            self._field("prompt", "textarea", {"rows": "4", "data-placeholder": "sample_prompt"}, hint=True),
            self._field("examples", "textarea", {"rows": "3", "data-placeholder": "sample_examples"}, hint=True),
            self._python(),
            self._trying(),
            self._actions(),
        )
        dom.on(place, "input", self._input)
        dom.on(place, "click", self._clicked)

    # making

    def _said(self, tag, key, cls=None, attributes=None):
        """An element whose words follow the page's language."""
        node = self._dom.el(tag, cls, self._words(key), attributes)
        node.setAttribute("data-words", key)
        return node

    def _button(self, action, key, cls="quiet"):
        return self._said("button", key, cls, {"type": "button", "data-action": action})

    def _field(self, name, tag, attributes, hint=False):
        field_id = "workshop-" + name
        box = self._boxes[name] = self._dom.el(tag, "field-box", attributes=attributes)
        box.id = field_id
        box.setAttribute("dir", "auto")
        if "data-placeholder" in attributes:
            box.setAttribute("placeholder", self._words(attributes["data-placeholder"]))
        field = self._dom.el("div", "field")
        field.append(self._said("label", "field_" + name, None, {"for": field_id}), box)
        described = "wrong-" + name
        if hint:
            field.appendChild(self._said("p", "hint_" + name, "faint", {"id": "hint-" + name}))
            described = "hint-" + name + " " + described
        field.appendChild(self._wrong(name))
        box.setAttribute("aria-describedby", described)
        return field

    def _wrong(self, name):
        node = self._wrongs[name] = self._dom.el("p", "field-wrong", attributes={"id": "wrong-" + name})
        node.hidden = True
        return node

    def _python(self):
        dom = self._dom
        self._details = dom.el("details", "field python")
        self._summary = dom.el("summary")
        self._sample = self._button("sample", "insert_code")
        self._leave = self._said("p", "hint_leave", "faint")
        self._details.append(
            self._summary,
            self._said("p", "hint_code", "faint", {"id": "hint-code"}),
            self._said("p", "hint_packages", "faint"),
            self.code_box.node,
            self._wrong("code"),
            self._leave,
            self._sample,
        )
        dom.on(self._details, "toggle", lambda _event: self._toggled())
        return self._details

    def _trying(self):
        dom = self._dom
        part = dom.el("section", "trial", attributes={"aria-labelledby": "trial-title"})
        field = self._field("question", "input", {"type": "text", "autocomplete": "off", "enterkeyhint": "go"})
        self._try = self._button("try", "try")
        line = dom.el("div", "trial-line")
        line.append(field, self._try)
        self._status = dom.el("p", "run-status", attributes={"role": "status"})
        self._output = dom.el(
            "pre", attributes={"tabindex": "0", "role": "region", "data-label": "try_output", "dir": "auto"}
        )
        self._output.setAttribute("aria-label", self._words("try_output"))
        self._box = dom.el("div", "trial-output")
        self._box.append(self._status, self._output)
        part.append(self._said("h3", "try_title", None, {"id": "trial-title"}), line, self._box)
        dom.on(self._boxes["question"], "keydown", self._question_key)
        return part

    def _actions(self):
        self._save = self._button("save", "save", "solid")
        self._discard = self._button("discard", "discard")
        self._saved = self._dom.el("p", "faint", attributes={"role": "status"})
        bar = self._dom.el("div", "workshop-actions")
        bar.append(self._save, self._discard, self._saved)
        return bar

    # what happens here

    def _input(self, event):
        if event.target.closest(".code-box") is None:
            self._changed()

    def _changed(self):
        self._python_line()
        self._on_change()

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if button:
            self._on_action(button.dataset.action)

    def _question_key(self, event):
        if self._dom.bridge.deliberate(event, "Enter"):
            event.preventDefault()
            self._on_action("try")

    def _toggled(self):
        if self._details.open:
            self.code_box.start()

    def _python_line(self):
        code = self.code_box.code
        count = len(code.strip().split("\n")) if code.strip() else 0
        words = self._words
        self._summary.textContent = words.counted("python_lines", count) if count else words("python_optional")
        self._sample.hidden = bool(count)

    # from outside

    @property
    def fields(self):
        fields = {name: self._boxes[name].value for name in TEXTS}
        fields["code"] = self.code_box.code[: CODE_CHARS + 1]
        return fields

    def fill(self, fields, note, is_new):
        """``note``: a key of the words, or None."""
        for name in TEXTS:
            self._boxes[name].value = fields[name]
        self.code_box.code = fields["code"]
        self._details.open = bool(fields["code"].strip())
        self.show_wrong({})
        self.clear_output()
        self.busy(False)
        self._box.hidden = True
        self.saying("")
        self._python_line()
        self.noting(note)
        self._word(self._discard, "discard" if is_new else "discard_changes")
        if self._details.open:
            self.code_box.start()

    def put_code(self, code):
        self.code_box.code = code
        self._details.open = True
        self._changed()

    def end(self):
        self.code_box.end()
        self._details.open = False

    def noting(self, key):
        self._note.hidden = key is None
        self._note.textContent = self._words(key) if key else ""

    def dirty(self, dirty):
        self._discard.hidden = not dirty

    def saying(self, sentence):
        self._saved.textContent = sentence

    def saving(self, now):
        self._save.disabled = now

    def show_wrong(self, problems):
        """The first wrong field gets the focus."""
        first = None
        for name, node in self._wrongs.items():
            problem = problems.get(name)
            node.hidden = problem is None
            node.textContent = self._words(problem[0], **problem[1]) if problem else ""
            box = self._boxes.get(name)
            if box:
                self._dom.attribute(box, "aria-invalid", "true" if problem else None)
                if problem and first is None:
                    first = box
        if first:
            first.focus()
        elif problems.get("code"):
            self._details.open = True
            self._summary.focus()

    def focus(self, name):
        self._boxes[name].focus()

    # a try

    def busy(self, busy):
        self._try.setAttribute("data-action", "stop" if busy else "try")
        self._word(self._try, "stop" if busy else "try")

    def clear_output(self):
        self._shown = 0
        self._output.replaceChildren()
        self._output.hidden = True

    def says(self, state, sentence):
        if self._box.hidden or state == "starting":
            self._box.hidden = False
            self._box.scrollIntoView(False)
        self._box.setAttribute("data-run", state)
        self._status.textContent = sentence

    def prints(self, text, stream):
        text = text[: SHOWN_CHARS - self._shown]
        self._shown += len(text)
        if text:
            self._output.hidden = False
            self._output.appendChild(self._dom.el("span", stream, text))

    @property
    def printed(self):
        return self._shown > 0

    def _word(self, node, key):
        node.setAttribute("data-words", key)
        node.textContent = self._words(key)
