"""Loads what few visits need when it is first wanted: the live panel, the workshop, what runs Python and what draws
boxes over pictures."""


class Extras:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._bridge = page, page.bridge
        self._panel = None
        self._workshop = None
        self._found = None  # draws what was found in pictures
        self._runs = None  # the code of answers that was run
        self._made = None  # the agents made here, once the engine has sent them
        self._coded = None  # what runs the code of those that have some
        self._programs = None  # what runs the programs of skills

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
        if message["type"] == "agent.code":
            self._run_agent(message)
        elif message["type"] == "skill.code":
            self._run_program(message)
        else:
            for runs in (self._coded, self._programs):
                if runs:
                    runs.receive(message)
        if self._panel and self._panel.is_open:
            self._panel.receive(message)

    def know(self, parts):
        """The engine's status, or those of its parts that are others now."""
        if self._panel and self._panel.is_open:
            self._panel.know(parts)
        if "custom" in parts:
            self._made = parts["custom"]
            if self._workshop:
                self._workshop.know(self._made)

    def answered(self):
        """An answer has ended."""
        if self._panel and self._panel.is_open:
            self._panel.answered()

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
                page.platform,
                page.words,
                page.state,
                page.client.ask,
                page.redraw,
                page.settings.save_log,
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

    # what was found in pictures

    def toggle_found(self, turn):
        if self._found is None:
            self._bring(("found",), lambda: self._found_came(turn))
            return
        question = self._page.state.conversation.question_of(turn)
        pictures = [file for file in question.attached if file["kind"] == "image"] if question else []
        self._page.views.log.toggle_found(turn, lambda place, scenes: self._found.draw(place, scenes, pictures))

    def _found_came(self, turn):
        if self._found is None:
            from ui.answers.found_view import FoundView

            self._found = FoundView(self._page.dom, self._page.words, self._page.attachments.show_whole)
        self.toggle_found(turn)

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

    # the code of agents made here

    def _run_agent(self, asked):
        """The agent that answers has code of its own (``agent.code``)."""
        page = self._page
        if self._coded is None:
            self._bring(("run", "coded"), lambda: self._coded_came(asked), lambda: self._coded_failed(asked))
            return
        conversation = page.state.conversation
        answer = conversation.answering(asked["id"])
        if answer and answer.busy:
            question = conversation.question_of(answer).text
            self._coded.begin(asked, question, conversation.history(answer), page.words.lang)

    def _coded_came(self, asked):
        if self._coded is None:
            from ui.workshop.answers import CodedAnswers

            self._coded = CodedAnswers(self._sandbox(), self._page.client.ask)
        self._run_agent(asked)

    def _coded_failed(self, asked):
        """The sandbox couldn't be loaded: the agent's prompt answers."""
        self._page.client.ask("agent.output", {"request": asked["id"], "end": "failed"})

    # the programs of skills

    def _run_program(self, wanted):
        """A skill wants a program run in the middle of an answer (``skill.code``)."""
        if self._programs is None:
            self._bring(("run", "programs"), lambda: self._programs_came(wanted), lambda: self._programs_failed(wanted))
            return
        answer = self._page.state.conversation.answering(wanted["id"])
        if answer and answer.busy:
            self._programs.begin(wanted)

    def _programs_came(self, wanted):
        if self._programs is None:
            from ui.answers.programs import SkillPrograms

            self._programs = SkillPrograms(self._sandbox(), self._page.client.ask)
        self._run_program(wanted)

    def _programs_failed(self, wanted):
        """What runs programs couldn't be loaded: the skill goes on without."""
        fields = {"request": wanted["id"], "run": wanted["run"], "end": "failed"}
        self._page.client.ask("skill.ran", dict(fields, output="", error="the sandbox could not be loaded"))

    def stop(self):
        for runs in (self._coded, self._programs):
            if runs:
                runs.stop()

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
            self._workshop = Workshop(
                page.platform, page.words, page.state, page.client.ask, page.settings.settled, self._sandbox()
            )
            self._workshop.know(self._made or [])
        then(self._workshop)
