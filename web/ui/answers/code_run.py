"""Runs an answer's Python at its Run button, and shows what it prints below the block."""

from ui.answers.sandbox import SECONDS
from ui.base.json_text import read

TOTAL_SECONDS = 900
"""In all, with the time that the person takes to answer what a program asks."""
SHOWN_CHARS = 20_000
LONGEST_PROMPT = 500
ENDS = ("done", "time", "output", "stopped", "crash")


class CodeRuns:
    """One run at a time; while it runs, its button stops it."""

    def __init__(self, dom, words, sandbox, announce):
        self._dom, self._words, self._sandbox, self._announce = dom, words, sandbox, announce
        self._run = None

    def press(self, button, code):
        running = self._run
        if running and running.button.isSameNode(button):
            self._sandbox.stop()
            return
        if running:
            self._sandbox.stop()
        run = self._run = Run(self._dom, self._words, button)
        self._sandbox.run(code, lambda message: self._event(run, message), total=TOTAL_SECONDS)

    def _event(self, run, message):
        kind = message["type"]
        if kind == "started":
            run.says("running", self._words("run_running"))
        elif kind == "out":
            run.prints(message["text"], message["stream"])
        elif kind == "ask":
            run.asks(message["body"], lambda answer: self._sandbox.reply(message["key"], answer))
        elif kind == "end":
            self._run = None
            self._announce(run.ends(message))


class Run:
    """Shows one run: its button, its state in one line, its output."""

    def __init__(self, dom, words, button):
        self._dom, self._words, self.button = dom, words, button
        block = button.closest(".code-block")
        old = block.querySelector(".run-output")
        if old:
            old.remove()
        self._box = dom.el("div", "run-output", attributes={"role": "group", "aria-label": words("run_output")})
        self._status = dom.el("p", "run-status")
        self._text = dom.el("pre", attributes={"tabindex": "0", "dir": "auto"})
        self._text.hidden = True
        self._shown = 0
        self._asking = None
        self._box.append(self._status, self._text)
        block.appendChild(self._box)
        button.textContent = words("stop")
        self.says("starting", words("run_starting"))
        self._show()

    def says(self, state, sentence):
        self._box.setAttribute("data-run", state)
        self._status.textContent = sentence

    def prints(self, text, cls):
        text = text[: SHOWN_CHARS - self._shown]
        self._shown += len(text)
        if text:
            self._text.hidden = False
            self._text.appendChild(self._dom.el("span", cls, text))

    def asks(self, body, reply):
        """A line for what ``input()`` waits for; ``reply(answer)`` sends what is typed, or the input's end."""
        words, dom = self._words, self._dom
        prompt = prompt_of(body) or words("run_input")
        box = dom.el("input", "field-box", attributes={"type": "text", "dir": "auto", "autocomplete": "off"})
        box.setAttribute("aria-label", prompt.strip() or words("run_input"))
        box.setAttribute("enterkeyhint", "send")
        send, end = dom.el("button", "quiet", words("run_enter")), dom.el("button", "quiet", words("run_input_end"))
        row = self._asking = dom.el("div", "run-input")

        def answer(fields, shown):
            if self._asking is row:
                self._answered()
                self.prints(shown, "typed")
                self.says("running", words("run_running"))
                reply(fields)

        def typed(_event=None):
            answer({"text": box.value}, box.value + "\n")

        dom.on(send, "click", typed)
        dom.on(end, "click", lambda _event: answer({"end": True}, "\n"))
        dom.on(box, "keydown", lambda event: typed() if dom.bridge.deliberate(event, "Enter") else None)
        for button in (send, end):
            button.setAttribute("type", "button")
        row.append(box, send, end)
        self._box.appendChild(row)
        self.says("waiting", words("run_waiting"))
        self._show()
        box.focus()

    def _answered(self):
        if self._asking:
            self._asking.remove()
            self._asking = None

    def _show(self):
        """What was run for is seen, where the message box doesn't cover it."""
        self._dom.bridge.reveal(self._box)

    def ends(self, message):
        """Returns the sentence that says how it ended."""
        self._answered()
        words, why, error = self._words, message.get("why"), message.get("error")
        if why not in ENDS:
            why = "crash"
        if message.get("value"):
            self.prints(message["value"] + "\n", "value")
        if error:
            self.prints(error + "\n", "stderr")
        state = "error" if why == "done" and error else why
        key = "run_output_full" if state == "output" else "run_" + state
        sentence = words(key, seconds=SECONDS)
        if state == "done" and not self._shown:
            sentence = words("run_silent")
        self.says(state, sentence)
        self._show()
        self.button.textContent = words("run_code")
        return sentence


def prompt_of(body):
    """What a program asks for with ``input()``, "" where it says nothing: the body comes from code that nobody
    read, which may post anything."""
    try:
        prompt = read(body).get("input")
    except (ValueError, TypeError, AttributeError):
        return ""
    return prompt[:LONGEST_PROMPT] if isinstance(prompt, str) else ""
