"""Loads what few visits need when it is first wanted: the live panel, the workshop, and what runs Python."""


class Extras:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._bridge = page, page.bridge
        self._panel = None
        self._workshop = None
        self._runs = None  # the code of answers that was run
        self._made = None  # the agents made here, once the engine has told them
        self._coded = None  # the answers of those with code of their own

    def _bring(self, names, then, refused=None):
        """Brings groups of modules, one after the other."""
        if not names:
            then()
            return
        failed = (lambda *_: refused()) if refused else (lambda *_: None)
        self._bridge.bring(names[0]).then(lambda *_: self._bring(names[1:], then, refused), failed)

    def _sandbox(self):
        from ui.answers.sandbox import Sandbox

        return Sandbox(self._bridge.openRunner, self._page.timers)

    # what all of them hear

    def receive(self, message):
        """A message of the engine, which the reducer has written down."""
        made = (message.get("payload") or {}).get("custom")
        if made is not None:
            self._know(made)
        if self._panel and self._panel.is_open:
            self._panel.receive(message)
        if self._workshop:
            self._workshop.receive(message)

    def receive_own(self, message):
        """One about a request that an agent's code or the workshop has made."""
        if self._coded:
            self._coded.receive(message)
        if self._workshop:
            self._workshop.receive(message)

    # the panel

    def toggle_panel(self):
        if self._panel:
            self._panel.toggle()
        else:
            self._bring(("panel",), self._panel_came)

    def _panel_came(self):
        if self._panel is None:
            from ui.panel.panel import Panel

            page = self._page
            self._panel = Panel(
                page.platform, page.words, page.state, page.client.send, page.redraw, page.settings.save_log
            )
        self._panel.open()

    def engine_ready(self):
        if self._panel:
            self._panel.engine_ready()

    def redraw(self):
        """The page speaks another language."""
        if self._panel:
            self._panel.redraw()

    def draw(self, dirty, over):
        """True when something is left to draw."""
        return bool(self._panel and self._panel.is_open and self._panel.draw(dirty, over))

    # code of answers

    def run_code(self, button):
        if self._runs is None:
            self._bring(("run",), lambda: self._runs_came(button))
        else:
            code = button.closest(".code-block").querySelector("code").textContent
            self._runs.press(button, self._bridge.wellFormed(code))

    def _runs_came(self, button):
        if self._runs is None:
            from ui.answers.code_run import CodeRuns

            self._runs = CodeRuns(self._page.dom, self._page.words, self._sandbox(), self._page.announce)
        self.run_code(button)

    # agents made here, and their code

    def _has_code(self):
        return any(row.get("code") for row in self._made or [])

    def _know(self, made):
        self._made = made
        if self._coded:
            self._coded.know(made)
        elif self._has_code():
            self._bring(("run", "coded"), self._coded_came, self._coded_failed)

    def await_code(self):
        """Whether a question has to wait: what runs the agents' code is on its way."""
        return self._coded is None and self._has_code()

    def takes(self, request, fields):
        """Whether an agent's code answers the question from now on."""
        return self._coded is not None and self._coded.takes(request, fields)

    def stop(self):
        if self._coded:
            self._coded.stop()

    def _coded_came(self):
        page = self._page
        if self._coded is None:
            from ui.workshop.answers import CodedAnswers

            self._coded = CodedAnswers(self._sandbox(), page.client.send, self._coded_says)
            self._coded.know(self._made)
        page.asking.pump()

    def _coded_failed(self):
        """Their prompts answer."""
        self._made = []
        self._page.asking.pump()

    def _coded_says(self, message):
        if message["type"] == "own-code-failed":
            answer = self._page.state.conversation.answering(message["id"])
            if answer:
                answer.text = ""
                answer.note(kind=message["kind"])
        else:
            self._page.received(message)

    # the workshop

    def new_agent(self):
        self.open_workshop(lambda workshop: workshop.new())

    def open_workshop(self, then=lambda workshop: workshop.open()):
        if self._workshop:
            then(self._workshop)
        else:
            self._bring(("run", "coded", "workshop"), lambda: self._workshop_came(then), self._workshop_failed)

    def _workshop_failed(self):
        self._page.state.notice(kind="workshop_failed")
        self._page.redraw()

    def _workshop_came(self, then):
        if self._workshop is None:
            from ui.workshop.workshop import Workshop

            page = self._page
            self._workshop = Workshop(page.platform, page.words, page.state, page.client.send, self._sandbox())
            self._workshop.know(self._made or [])
        then(self._workshop)
