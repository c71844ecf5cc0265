"""Does what the buttons of a turn say: copy, read aloud, run, ask again or ask another agent, edit, save, show."""

from ui.answers.transcripts_view import file_of

FLASH_MS = 1600


class TurnActions:
    """``page``: the App, whose state and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._bridge = page, page.bridge

    def act(self, action, turn_id, button):
        page, conversation = self._page, self._page.state.conversation
        turn = conversation.turn(turn_id)
        if action == "copy":
            self._copy(self._bridge.answerOf(turn.text), button)
        elif action == "aloud":
            page.aloud.toggle(turn)
        elif action == "copy-code":
            self._copy(button.closest(".code-block").querySelector("code").textContent, button)
        elif action == "run-code":
            page.extras.run_code(button)
        elif action in ("retry", "regenerate"):
            page.asking.again(turn)
        elif action == "instead":
            page.corrections.instead(turn, button.dataset.agent)
        elif action == "correct":
            page.corrections.correct(turn, button.dataset.agent)
        elif action == "undo":
            page.corrections.undo(turn)
        elif action == "wait":
            page.model.wait_for(button.dataset.model)
            page.asking.again(turn)
        elif action == "edit":
            question = turn if turn.role == "user" else conversation.question_of(turn)
            page.keeping.edit(question.text, question.attached)
        elif action == "attach":
            page.keeping.edit(conversation.question_of(turn).text, [])
            page.attachments.choose()
        elif action == "save-transcript":
            question, place = conversation.question_of(turn), int(button.dataset.place)
            file = file_of(turn, question, place, button.dataset.form)
            if file:
                self._bridge.saveFile(*file)
        elif action == "found":
            page.extras.toggle_found(turn)
        elif action == "picture":
            page.attachments.enlarge(turn.attached, button.dataset.file)

    def _copy(self, text, button):
        self._bridge.copy(text).then(lambda done: self._copied(done, button))

    def _copied(self, done, button):
        words = self._page.words
        said = words("copied") if done else words("copy_failed")
        self._page.announce(said)
        button.setAttribute("data-said", said)
        self._page.timers.later(FLASH_MS, lambda *_: button.removeAttribute("data-said"))
