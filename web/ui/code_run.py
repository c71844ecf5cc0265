"""The Run button of an answer's Python: what it prints appears below the block."""

from ui.sandbox import SECONDS

SHOWN_CHARS = 20_000
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
        self._sandbox.run(code, lambda message: self._event(run, message))

    def _event(self, run, message):
        kind = message["type"]
        if kind == "started":
            run.says("running", self._words("run_running"))
        elif kind == "out":
            run.prints(message["text"], message["stream"])
        elif kind == "end":
            self._run = None
            self._announce(run.ends(message))


class Run:
    """What is seen of one run: the button, the line that says how it stands, the output."""

    def __init__(self, dom, words, button):
        self._dom, self._words, self.button = dom, words, button
        block = button.closest(".code-block")
        old = block.querySelector(".run-output")
        if old:
            old.remove()
        self._box = dom.el("div", "run-output", attributes={"role": "group", "aria-label": words("run_output")})
        self._status = dom.el("p", "run-status")
        self._text = dom.el("pre", attributes={"tabindex": "0"})
        self._text.hidden = True
        self._shown = 0
        self._box.append(self._status, self._text)
        block.appendChild(self._box)
        button.textContent = words("stop")
        self.says("starting", words("run_starting"))

    def says(self, state, sentence):
        self._box.setAttribute("data-run", state)
        self._status.textContent = sentence

    def prints(self, text, cls):
        text = text[: SHOWN_CHARS - self._shown]
        self._shown += len(text)
        if text:
            self._text.hidden = False
            self._text.appendChild(self._dom.el("span", cls, text))

    def ends(self, message):
        """Returns the sentence that says how it ended."""
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
        self.button.textContent = words("run_code")
        return sentence
