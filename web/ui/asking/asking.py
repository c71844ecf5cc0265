"""Takes a question from the box to the end of its answer: it waits for the engine, is sent, may be stopped."""

from ui.asking import agents, attachments
from ui.chats.conversation import Turn
from ui.engine import reducer
from ui.settings.models_settings import offered_models, waits_for_nothing
from ui.status import tongues

STYLES = {"precise": {"temperature": 0}, "creative": {"temperature": 1.0, "top_p": 0.95}, "auto": {}}
MOST_DRAFT = 4000
"""Characters of a draft that the engine gets: ``Anticipate.draft``."""
SAID_CHARS = 800
"""Of an answer, as many are read aloud by themselves."""


def streaming(preferences):
    """The options for how an answer appears; what an older page kept and this one doesn't know is left out."""
    options = {}
    if preferences["stream"] in ("word", "sentence"):
        options["granularity"] = preferences["stream"]
    if preferences["typing"] in ("20", "60", "150"):
        options["delay_ms"] = int(preferences["typing"])
    return options


class Asking:
    """``page``: the App, whose state, client and other parts are used by their names."""

    def __init__(self, page):
        self._page, self._state, self._client = page, page.state, page.client
        self._bridge, self._clock = page.bridge, page.clock

    def ask(self, text, files=()):
        """``files``: what is attached, as a turn's ``attached``."""
        page, conversation = self._page, self._state.conversation
        if conversation.current:
            return
        text = self._bridge.wellFormed(text)
        if not page.keeping.loaded:
            page.keeping.wait(text, files)
            return
        question = Turn(self._bridge.newId(), "user", text)
        question.attached = list(files)
        answer = Turn(self._bridge.newId(), "assistant", "", "queued")
        answer.options = page.views.picker.options
        page.keeping.attempt(answer)
        conversation.turns.append(question)
        conversation.turns.append(answer)
        conversation.updated = self._bridge.timestamp()
        page.keeping.asked(question, answer)
        self.begin()

    def again(self, answer, options=None):
        """The same question once more; ``options`` in place of those of the last time."""
        state, keeping = self._state, self._page.keeping
        if state.conversation.current:
            return
        if self._client.phase == "failed":
            state.notices = [n for n in state.notices if n["kind"] != "engine_crashed"]
            self._client.restart()
        answer.reset()
        if options is not None:
            answer.options = options
        keeping.attempt(answer)
        state.conversation.updated = self._bridge.timestamp()
        keeping.save(answer)
        self.begin()

    def begin(self):
        """The conversation has a question that waits: it is sent now, or once the engine is ready."""
        page, conversation = self._page, self._state.conversation
        self._state.touch("turns", "status")
        page.views.log.follow()
        page.aloud.asked(conversation.current)
        page.redraw()
        self.pump()
        if self._client.phase == "failed":
            answer = conversation.current
            answer.request = answer.id
            page.received({"v": 1, "id": answer.id, "type": "error", "error": {"code": "engine_closed"}})

    def pump(self):
        """Sends the question that waits, once the engine can take it."""
        answer = self._state.conversation.current
        if answer is None or answer.request or self._client.phase != "ready":
            return
        question, earlier = self._state.conversation.question_of(answer), []
        if not question.attached:
            earlier = self._state.conversation.pictures_before(answer)[: attachments.MOST]
        files = question.attached + earlier
        if files and not self._page.attachments.gathered(files):
            return  # once they are in memory it is sent
        reducer.revive(self._state)
        answer.attempts += 1
        answer.request = answer.id + "." + str(answer.attempts)
        answer.asked_at = self._clock()
        fields = {
            "query": question.text,
            "locale": self._page.words.lang,
            "history": self._state.conversation.history(answer),
            "options": self.options(answer.options, question.attached),
            "runs_code": bool(self._bridge.has("coded")),
        }
        ids = [file["id"] for file in files]
        if earlier:
            fields["options"]["earlier_images"] = ids
        self._client.ask("infer", fields, message_id=answer.request, attached=ids)

    def options(self, own, attached=()):
        """Those of a request: the person's settings, ``own`` of this question, and what is ``attached`` to it."""
        preferences = self._page.preferences
        options = dict(STYLES.get(preferences["style"], {}))
        options.update(streaming(preferences))
        options.update(own)
        options.update(attachments.options(attached))
        models, chosen = offered_models(self._state.device.get("models")), preferences["model"]
        if chosen in [row["id"] for row in models] and not waits_for_nothing(chosen, models):
            options["model"] = chosen
        return options

    def anticipated(self):
        """What the engine gets of a question that is being typed; None where nothing is loaded unasked, or there
        is none."""
        conversation, composer = self._state.conversation, self._page.views.composer
        length = int(composer.box.textLength)
        if not self._page.may_preload or self._client.phase != "ready" or not length or conversation.current:
            return None
        answered = [turn.agent for turn in conversation.turns if turn.agent]
        return {
            "draft": self._bridge.wellFormed(composer.text) if length <= MOST_DRAFT else "",
            "agent": answered[-1] if answered else None,
            "locale": self._page.words.lang,
            "history": conversation.history(),
            "options": self.options(self._page.views.picker.options, composer.files),
        }

    # ends

    def ended(self, answer):
        """The engine has said the last word about ``answer``, which the reducer has written down."""
        page = self._page
        code = answer.error["code"] if answer.state == "error" else None
        if code == "worker_died" and self._client.phase == "restarting" and answer.attempts < 2:
            answer.reset()
            answer.note(kind="restarted")
            return
        at_fault = answer.state == "error" and answer.error["family"] == "invalid_input"
        if at_fault and not page.views.composer.text.strip():
            question = self._state.conversation.question_of(answer)
            page.keeping.put_back(question.text, question.attached)
        if answer.state == "success":
            self._show_pictures(answer)
            self._note_language(answer)
            self._ask_for_file(answer)
            if not self._state.reads(answer.id):  # one voice is enough
                page.announce(page.words("announce_answer", text=self._bridge.answerOf(answer.text)[:SAID_CHARS]))
        elif answer.state == "error":
            page.announce(" ".join(page.words.error(code, answer.error["message"], answer.error["hint"])))
        page.keeping.save(answer)

    def _show_pictures(self, answer):
        """A question that went on about earlier pictures has them from now on: the person sees what was looked at."""
        looked_at = answer.meta.pop("pictures", None)
        if not looked_at:
            return
        conversation, keeping = self._state.conversation, self._page.keeping
        question = conversation.question_of(answer)
        question.attached = [file for file in conversation.pictures_before(answer) if file["id"] in looked_at]
        question.version += 1
        self._state.touch(question.id)
        keeping.save(question, answer)
        self._page.attachments.keep(question.attached)

    def _ask_for_file(self, answer):
        """An answer that asks for a file opens the system's dialog, where the browser allows it so soon after the
        person's press; else the button under the answer does."""
        page, state = self._page, self._state
        sure = agents.alternative(answer, state.agents) is None
        if sure and agents.lacks_file(state.conversation, answer, state.agents) and self._bridge.wasPressed():
            if not page.views.composer.text.strip():  # else the next question is being written
                page.keeping.edit(state.conversation.question_of(answer).text, [])
                page.attachments.choose()

    def _note_language(self, answer):
        """Once a visit: the model that answered wasn't taught the person's language."""
        state, lang = self._state, self._page.words.lang
        languages = state.model_languages.get(answer.model)
        if languages and lang not in languages and not state.language_noted:
            state.language_noted = True
            larger = tongues.better(state, answer.model, lang)
            wait = larger["id"] if larger else None
            answer.note(kind="model_language", model=state.model_name(answer.model), wait=wait)
            answer.version += 1
            state.touch(answer.id)

    def stop(self):
        self._page.aloud.stop()
        answer = self._state.conversation.current
        if not answer:
            return
        streams, request = answer.state == "streaming", answer.request
        reducer.stop(self._state, answer)
        self._call_off(request, streams)
        self._page.announce(self._page.words("announce_stopped"))
        self._page.keeping.save(answer)
        self._page.redraw()

    def give_up(self, answer):
        """Another tab answers this question anew."""
        request, streams = answer.request, answer.state == "streaming"
        answer.request = None
        self._call_off(request, streams)

    def _call_off(self, request, streams):
        self._page.extras.stop()
        if request is not None:
            self._client.cancel(request if streams else None)
