"""Holds the page together: what people do becomes requests, what the engine says becomes state.

``platform`` is everything from outside (see ``main.py``): dom, window, timers, clock, backing,
and ``bridge``, the functions of bridge/page/.
"""

import json

from ui.answers.log_view import LogView
from ui.asking.agent_picker import AgentPicker
from ui.asking.anticipation import Anticipation
from ui.asking.composer import Composer
from ui.asking.corrections import Corrections
from ui.asking.resting_caret import RestingCaret
from ui.base.frames import Frames, Pieces
from ui.base.store import PREFERENCES, Store
from ui.chats.conversation import Conversation, Turn
from ui.chats.keeping import Keeping
from ui.chats.old_chats import CHAT
from ui.engine import reducer
from ui.engine.client import EngineClient
from ui.engine.view_state import ViewState
from ui.settings.dialogs import ChatsView, SettingsView
from ui.settings.engine_settings import EngineSettings
from ui.settings.models_settings import ModelsSettings, offered_models, waits_for_nothing
from ui.status import tongues
from ui.status.hydration_view import HydrationView
from ui.status.loading_view import LoadingView
from ui.status.notices_view import NoticesView
from ui.status.status_view import StatusView
from ui.status.welcome_view import WelcomeView
from ui.words.i18n import LANGUAGES, Words, choose

STYLES = {"precise": {"temperature": 0}, "creative": {"temperature": 1.0, "top_p": 0.95}, "auto": {}}
FLASH_MS = 1600
MOST_DRAFT = 4000
"""Characters of a draft that the engine is told: ``Anticipate.draft``."""
THEME_COLORS = {"light": "#faf8f4", "dark": "#0b1020"}


def streaming(preferences):
    """The options for how an answer appears; what an older page kept and this one doesn't know is left out."""
    options = {}
    if preferences["stream"] in ("word", "sentence"):
        options["granularity"] = preferences["stream"]
    if preferences["typing"] in ("20", "60", "150"):
        options["delay_ms"] = int(preferences["typing"])
    return options


class App:
    def __init__(self, platform):
        self._platform = platform
        self._dom = platform.dom
        self._bridge = platform.bridge
        self._timers = platform.timers
        self._clock = platform.clock
        self._able = json.loads(self._bridge.abilities())
        self._store = Store(platform.backing, platform.session)
        self._preferences = self._store.preferences()
        self._words = Words(choose(self._able["languages"], self._preferences["language"]))
        self.state = ViewState(Conversation(self._bridge.newId()))
        self._install_prompt = None
        self._log_wanted = None  # the request whose log goes into a file
        self._frames = Frames(platform.request_frame, self._clock, self._draw)
        self.client = EngineClient(self._bridge.spawnEngine, self._timers, self._received, self._phase, self._initial)
        self._corrections = Corrections(self.state, self.client.send, self._again)
        self._anticipation = Anticipation(self._timers, self.client.send, self._anticipated)
        self._panel = None  # the live panel, once it was opened
        self._workshop = None
        self._runs = None  # the code that was run, once there was some
        self._made = None  # the agents made here, once the engine has told them
        self._coded = None  # the answers of those with code of their own, once there is one
        self._make_views()

    def _make_views(self):
        dom, words = self._dom, self._words
        self._log = LogView(dom, words, self._clock, self._turn_action, self.state)
        self._loading = LoadingView(dom, words, self._load_action)
        self._status = StatusView(dom)
        self._hydration = HydrationView(dom, self._hydrate)
        self._welcome = WelcomeView(dom, words, self._preferences, self._wait_for)
        self._notices = NoticesView(dom, self._notice_action)
        self._composer = Composer(dom, self._platform.window, self._preferences, self.ask, self.stop, self._draft)
        self._composer.allows = lambda: self._keeping.may_send()
        self._picker = AgentPicker(dom, words, self._new_agent if self._bridge.has("workshop") else None)
        self._engine_settings = EngineSettings(
            dom, words, self._timers, self._preferences, self._engine_changed, self._settings_action
        )
        self._models = ModelsSettings(dom, words, self._preferences, self.client.send, self._preference)
        self._settings = SettingsView(dom, words, self._timers, self._estimate, self._preference, self._settings_action)
        self._chats = ChatsView(dom, words, self.open_chat, self._delete_chat, lambda: self._keeping.more())
        self._keeping = Keeping(self._platform, words, self.state, self._store, self._composer, self._chats, self)
        self._announcer = dom.by_id("announcer")
        self._pieces = Pieces(
            (
                (("turns",), self._draw_turns),
                (("names",), self._draw_names),
                (("status",), self._draw_status),
                (("load",), lambda: self._loading.draw(self.state, words)),
                (("hydration",), lambda: self._hydration.draw(self.state, words)),
                (("names", "hydration"), lambda: self._welcome.draw(self.state)),
                (("notices",), lambda: self._notices.draw(self.state.notices, words)),
            )
        )

    # start

    def speak(self):
        """What stands on the page, in the person's language and colours."""
        self._theme()
        self._dom.translate(self._words)
        self._composer.draw_keys(self._words)

    def start(self):
        dom, window = self._dom, self._platform.window
        self._keeping.start()
        dom.on(dom.by_id("new-chat"), "click", lambda _event: self.new_chat())
        dom.on(dom.by_id("open-chats"), "click", lambda _event: self._open_chats())
        dom.on(dom.by_id("open-settings"), "click", lambda _event: self._open_settings())
        dom.on(dom.by_id("open-panel"), "click", lambda _event: self._toggle_panel())
        dom.on(dom.by_id("open-workshop"), "click", lambda _event: self._open_workshop())
        dom.by_id("open-workshop").hidden = not self._bridge.has("workshop")
        dom.on(dom.by_id("welcome"), "click", self._starter)
        dom.on(dom.document, "keydown", self._key)
        dom.on(dom.document, "visibilitychange", lambda _event: self._seen_or_left())
        dom.on(window, "pagehide", lambda _event: self._keeping.leaving())
        dom.on(window, "storage", self._stored_elsewhere)
        dom.on(window, "offline", lambda _event: self._network(False))
        dom.on(window, "online", lambda _event: self._network(True))
        dom.on(window, "beforeinstallprompt", self._may_install)
        dom.on(dom.by_id("install"), "click", lambda _event: self._install())
        self._follow_keyboard(window)
        self._bridge.markdown.then(self._markdown_ready)
        self.state.touch("turns", "status", "load", "notices", "names")
        self._frames.ask()
        self._bridge.settle(self._installing, self._reloading).then(self._settled)
        self._caret = RestingCaret(dom, self._timers)
        self._composer.focus()
        self._early()

    def _early(self):
        """What was sent before this program ran."""
        early = self._bridge.taken()
        if early:
            self.ask(early)
        elif early == "":
            self._composer.submit()

    def _markdown_ready(self, module):
        self._log.markdown = module.renderMarkdown
        self._log.redraw(self.state.conversation)
        self._frames.ask()

    def _installing(self, done, total, _file):
        self.state.install = (done, total) if done < total else None
        self.state.touch("load", "status")
        self._frames.ask()

    def _reloading(self):
        self.state.boot_phase = "reload"
        self._keeping.reloading()

    def _settled(self, shell):
        self.state.install = None
        if not shell.isolated:
            self.state.limit("no_isolation")
        if not shell.installed:
            self.state.limit("no_service_worker")
        self._bridge.databaseWorks().then(self._database)
        self._bridge.watchUpdates(self._update_waits)
        self.state.touch("load")
        if not self._able["moduleWorkers"]:
            self._phase("failed", "no_workers")
        else:
            self.client.start()
        self._frames.ask()

    def _database(self, works):
        if not works:
            self.state.limit("no_indexeddb")
            self._frames.ask()

    def _update_waits(self, *_):
        self.state.notice(kind="update_ready")
        self._frames.ask()

    def _follow_keyboard(self, window):
        """Where the browser lays its keyboard over the page (iOS), the page ends above it."""
        viewport = window.visualViewport
        if viewport:
            style = self._dom.document.documentElement.style
            fit = lambda *_: style.setProperty("--visible", str(float(viewport.height)) + "px")  # noqa: E731
            viewport.addEventListener("resize", fit)
            fit()

    # engine

    def _initial(self):
        fields = {}
        if not self._preferences["preload"] or self._able["saveData"]:
            fields["ahead"] = False
        self._store.note_ahead(fields.get("ahead", True))
        fields.update(self._engine_settings.initial())
        return fields

    def _phase(self, phase, why):
        state = self.state
        state.restarting = phase == "restarting"
        if phase == "ready":
            state.engine = "degraded" if state.limits else "ready"
            self._preload()
            if self._panel:
                self._panel.engine_ready()
        elif phase == "failed":
            state.engine = "failed"
            if why != "boot_failed":  # the error that initialize ended in has put it into words
                state.notice(kind=why)
        else:
            state.engine = "booting"
            state.router = "keyword"
            if phase == "restarting":
                state.load = state.model = state.hydration = None
                state.touch("hydration")
                state.notice(kind="engine_restarted")
                state.touch("load")
        state.touch("status")
        self._frames.ask()
        self._pump()

    def _preload(self):
        if self.state.conversation.current:
            return
        if self._preferences["preload"] and not self._able["saveData"]:
            self.client.send("preload")
        else:
            self.state.offer_load = True
            self.state.touch("load")

    def _received(self, message):
        state = self.state
        if message["id"].startswith("own-"):
            self._own_received(message)
            return
        answer = state.conversation.answering(message["id"])
        reducer.apply(state, message, self._clock())
        asked = message.get("asked")
        made = (message.get("payload") or {}).get("custom")
        if made is not None:
            self._agents_made(made)
        if self._panel and self._panel.is_open:
            self._panel.receive(message)
        if self._workshop:
            self._workshop.receive(message)
        if answer and not answer.busy:
            self._ended(answer)
        elif message["type"] == "token":
            self._keeping.streaming(answer)
        elif message["id"] == self._log_wanted and message["type"] == "result":
            self._bridge.saveFile("orion-log.json", json.dumps(message["payload"]))
        elif asked == "teach":
            self._keeping.save(*self._corrections.ended(message))
            self._engine_settings.draw(state)
        elif asked == "telemetry":
            self._engine_settings.telemetry_ended(message, self._bridge.saveFile)
        elif asked == "version" or (asked or "").startswith("model."):
            self._models.ended(message, state)
        elif asked == "preload" and message["type"] == "result":
            self._anticipation.typed()  # the model came while somebody typed, perhaps
        elif asked in ("status", "unload", "configure", "hydrate") and self._settings.is_open:
            self._settings.show_storage(state)
            self._engine_settings.draw(state)
            self._models.draw(state)
        elif message["type"] in ("agent", "site"):
            self.client.send("status")
        elif asked == "initialize" and message["type"] == "error":
            error = message["error"]
            what, hint = self._words.error(error["code"], error.get("message", ""), error.get("hint", ""))
            state.notice(kind="boot_failed", text=what + ". " + hint)
        self._frames.ask()

    def _ended(self, answer):
        code = answer.error["code"] if answer.state == "error" else None
        if code == "worker_died" and self.client.phase == "restarting" and answer.attempts < 2:
            answer.reset()
            answer.note(kind="restarted")
            return
        to_change = answer.state == "error" and answer.error["family"] == "invalid_input"
        if to_change and not self._composer.text.strip():
            self._keeping.put_back(self.state.conversation.question_of(answer).text)
        if answer.state == "success":
            self._note_language(answer)
            self._announce(self._words("announce_answer", text=self._bridge.answerOf(answer.text)[:800]))
        elif answer.state == "error":
            self._announce(" ".join(self._words.error(code, answer.error["message"], answer.error["hint"])))
        self._keeping.save(answer)

    def _announce(self, text):
        self._announcer.textContent = text

    def _pump(self):
        """Sends the question that waits, once the engine can take it."""
        answer = self.state.conversation.current
        if answer is None or answer.request or self.client.phase != "ready":
            return
        if self._coded is None and self._has_code():
            return  # what runs it is on its way
        reducer.revive(self.state)
        answer.attempts += 1
        answer.request = answer.id + "." + str(answer.attempts)
        answer.asked_at = self._clock()
        conversation = self.state.conversation
        fields = {
            "query": conversation.question_of(answer).text,
            "locale": self._words.lang,
            "history": conversation.history(answer),
            "options": self._options(answer.options),
        }
        if self._coded is None or not self._coded.takes(answer.request, fields):
            self.client.send("infer", fields, answer.request)

    def _options(self, own):
        options = dict(STYLES.get(self._preferences["style"], {}))
        options.update(streaming(self._preferences))
        options.update(own)
        models, chosen = offered_models(self.state.device.get("models")), self._preferences["model"]
        if chosen in [row["id"] for row in models] and not waits_for_nothing(chosen, models):
            options["model"] = chosen
        return options

    def _anticipated(self):
        """What the engine is told of a question that is being typed; None where nothing is loaded unasked, or there
        is none."""
        conversation, ready = self.state.conversation, self.client.phase == "ready"
        allowed = self._preferences["preload"] and not self._able["saveData"]
        length = int(self._composer.box.textLength)
        if not allowed or not ready or not length or conversation.current:
            return None
        answered = [turn.agent for turn in conversation.turns if turn.agent]
        return {
            "draft": self._bridge.wellFormed(self._composer.text) if length <= MOST_DRAFT else "",
            "agent": answered[-1] if answered else None,
            "locale": self._words.lang,
            "history": conversation.history(),
            "options": self._options(self._picker.options),
        }

    # agents made here

    def _has_code(self):
        return any(row.get("code") for row in self._made or [])

    def _agents_made(self, made):
        self._made = made
        if self._coded:
            self._coded.know(made)
        elif self._has_code():
            self._bring(("run", "coded"), self._coded_came, self._coded_failed)

    def _coded_came(self):
        if self._coded is None:
            from ui.answers.sandbox import Sandbox
            from ui.workshop.answers import CodedAnswers

            sandbox = Sandbox(self._bridge.openRunner, self._timers)
            self._coded = CodedAnswers(sandbox, self.client.send, self._coded_says)
            self._coded.know(self._made)
        self._pump()

    def _coded_failed(self):
        """Their prompts answer."""
        self._made = []
        self._pump()

    def _coded_says(self, message):
        if message["type"] == "own-code-failed":
            answer = self.state.conversation.answering(message["id"])
            if answer:
                answer.text = ""
                answer.note(kind=message["kind"])
        else:
            self._received(message)

    def _own_received(self, message):
        if self._coded:
            self._coded.receive(message)
        if self._workshop:
            self._workshop.receive(message)

    # what people do

    def ask(self, text):
        conversation = self.state.conversation
        if conversation.current:
            return
        text = self._bridge.wellFormed(text)
        if not self._keeping.loaded:
            self._keeping.wait(text)
            return
        question = Turn(self._bridge.newId(), "user", text)
        answer = Turn(self._bridge.newId(), "assistant", "", "queued")
        answer.options = self._picker.options
        self._keeping.attempt(answer)
        conversation.turns.append(question)
        conversation.turns.append(answer)
        conversation.updated = self._bridge.timestamp()
        self._keeping.asked(question, answer)
        self.begin()

    def _again(self, answer, options=None):
        """The same question once more; ``options`` in place of those of the last time."""
        if self.state.conversation.current:
            return
        if self.client.phase == "failed":
            self.state.notices = [n for n in self.state.notices if n["kind"] != "engine_crashed"]
            self.client.restart()
        answer.reset()
        if options is not None:
            answer.options = options
        self._keeping.attempt(answer)
        self.state.conversation.updated = self._bridge.timestamp()
        self._keeping.save(answer)
        self.begin()

    def begin(self):
        """The conversation has a question that waits: it is sent now, or once the engine is ready."""
        conversation = self.state.conversation
        self.state.touch("turns", "status")
        self._log.follow()
        self._frames.ask()
        self._pump()
        if self.client.phase == "failed":
            answer = conversation.current
            answer.request = answer.id
            self._received({"v": 1, "id": answer.id, "type": "error", "error": {"code": "engine_closed"}})

    def stop(self):
        answer = self.state.conversation.current
        if not answer:
            return
        streaming, request = answer.state == "streaming", answer.request
        reducer.stop(self.state, answer)
        self._call_off(request, streaming)
        self._announce(self._words("announce_stopped"))
        self._keeping.save(answer)
        self._frames.ask()

    def _call_off(self, request, streaming):
        if self._coded:
            self._coded.stop()
        if request is not None:
            self.client.cancel(request if streaming else None)

    def give_up(self, answer):
        """Another tab answers this question anew."""
        request, streaming = answer.request, answer.state == "streaming"
        answer.request = None
        self._call_off(request, streaming)

    def _key(self, event):
        if self._dom.bridge.escapes(event) and self.state.conversation.current:
            event.preventDefault()
            self.stop()

    def _starter(self, event):
        button = event.target.closest(".starter")
        if button:
            self.ask(button.querySelector("[lang=" + self._welcome.language() + "]").textContent)

    def _turn_action(self, action, turn_id, button):
        conversation = self.state.conversation
        turn = conversation.turn(turn_id)
        if action == "copy":
            self._copy(self._bridge.answerOf(turn.text), button)
        elif action == "copy-code":
            self._copy(button.closest(".code-block").querySelector("code").textContent, button)
        elif action == "run-code":
            self._run_code(button)
        elif action in ("retry", "regenerate"):
            self._again(turn)
        elif action == "instead":
            self._corrections.instead(turn, button.dataset.agent)
        elif action == "correct":
            self._corrections.correct(turn, button.dataset.agent)
        elif action == "undo":
            self._corrections.undo(turn)
        elif action == "wait":
            self._wait_for(button.dataset.model)
            self._again(turn)
        elif action == "edit":
            question = turn if turn.role == "user" else conversation.question_of(turn)
            self._keeping.edit(question.text)

    def _copy(self, text, button):
        self._bridge.copy(text).then(lambda done: self._copied(done, button))

    def _copied(self, done, button):
        words = self._words
        said = words("copied") if done else words("copy_failed")
        self._announce(said)
        button.setAttribute("data-said", said)
        self._timers.later(FLASH_MS, lambda *_: button.removeAttribute("data-said"))

    def _load_action(self, action):
        if action == "pause":
            reducer.pause(self.state)
            self.client.cancel(None)
        else:
            reducer.revive(self.state)
            self.client.send("preload")
        self._frames.ask()

    def _hydrate(self, action):
        if action == "cancel" and self._preferences["model"] == self.state.hydration["model"]:
            self._preference("model", "")
        self.client.send("hydrate", {"action": action, "model": self.state.hydration["model"]})

    def _wait_for(self, model):
        """Questions wait for ``model``, which comes at once; "" ends that."""
        if model:
            self.client.send("hydrate", {"action": "start", "model": model})
        self._preference("model", model)

    def _notice_action(self, action, index):
        if action == "update":
            self._keeping.leaving()
            self._bridge.applyUpdate()
        elif action == "reload":
            self._keeping.leaving()
            self._platform.window.location.reload()
        else:
            self.state.notices.pop(index)
            self.state.touch("notices")
            self._frames.ask()

    def _draft(self, text):
        self._keeping.typed(text)
        if text is None:
            self._anticipation.typed()
        else:
            self._anticipation.sent()

    def _network(self, online):
        if online:
            self.state.drop_notice("offline")
        else:
            self.state.notice(kind="offline")
        self._frames.ask()

    def _may_install(self, event):
        event.preventDefault()
        self._install_prompt = event
        self._dom.by_id("install").hidden = False

    def _install(self):
        if self._install_prompt:
            self._install_prompt.prompt()
            self._install_prompt = None
            self._dom.by_id("install").hidden = True

    # conversations

    def redraw(self):
        self._frames.ask()

    def show(self, conversation):
        self.stop()
        self.state.conversation = conversation
        self._announce("")
        self.state.touch("turns", "status")
        self._log.follow()
        self._frames.ask()

    def _show_empty(self):
        self.show(Conversation(self._bridge.newId()))
        self._keeping.left()

    def new_chat(self):
        self._show_empty()
        self._composer.focus()

    def open_chat(self, conversation_id):
        self._keeping.open(conversation_id)

    def _open_chats(self):
        self._keeping.open_list()

    def _delete_chat(self, conversation_id):
        if conversation_id == self.state.conversation.id:
            self._show_empty()
        self._keeping.delete(conversation_id)

    # settings

    def _open_settings(self):
        self._engine_settings.draw(self.state)
        self._models.draw(self.state)
        self._settings.open(self._preferences, self.state)
        if self.client.phase == "ready":
            self.client.send("status")

    def _estimate(self, call):
        self._bridge.storageEstimate().then(call)

    def _preference(self, name, value):
        self._store.change({name: value})
        self._apply(name, value)
        self._frames.ask()

    def _seen_or_left(self):
        if self._dom.document.hidden:
            self._keeping.leaving()
        else:
            self._keeping.looked_at()

    def _stored_elsewhere(self, event):
        """Another tab changed what is kept at once."""
        key = event.key
        if not isinstance(key, str):
            return
        if key == PREFERENCES:
            self._take_preferences()
        elif key.startswith(CHAT):
            self._keeping.old_page_wrote()

    def _take_preferences(self):
        """Settings that were changed in another tab are this one's, too."""
        for name, value in self._store.preferences().items():
            if value != self._preferences[name]:
                self._apply(name, value)
        self.client.settle()
        if self._settings.is_open:
            self._settings.fill(self._preferences)
            self._engine_settings.draw(self.state)
            self._models.draw(self.state)
        self._frames.ask()

    def _apply(self, name, value):
        self._preferences[name] = value
        if name == "theme":
            self._theme()
        if name == "model":
            self.state.touch("names")
        if name == "enter":
            self._composer.draw_keys(self._words)
        if name == "language" and value in LANGUAGES:
            self._words.lang = value
            self._dom.translate(self._words)
            self._composer.draw_keys(self._words)
            self._settings.show_storage(self.state)
            self._engine_settings.draw(self.state)
            self._models.draw(self.state)
            if self._panel:
                self._panel.redraw()
            self.state.touch("status", "load", "hydration", "notices", "names")
            self._log.redraw(self.state.conversation)

    def _theme(self):
        theme = self._preferences["theme"]
        self._dom.document.documentElement.dataset.theme = theme
        for meta in self._dom.all("meta[name=theme-color]"):
            own = "dark" if "dark" in meta.media else "light"
            meta.content = THEME_COLORS[own if theme == "auto" else theme]

    def _settings_action(self, name):
        if name == "forget":
            self.stop()
            self.state.load = None
            self.client.send("unload", {"forget": True})
            self.state.notice(kind="forgotten")
            self.state.touch("load")
        elif name == "forget_chats":
            self._show_empty()
            self._keeping.delete_all()
        elif name == "persist":
            self._bridge.persist().then(lambda *_: self._settings.show_storage(self.state))
        elif name == "logs":
            self._save_log()
        elif name == "forget_router":
            self._corrections.forget()
        elif name.startswith("telemetry_"):
            self.client.send("telemetry", {"action": name[len("telemetry_") :]})
        self._frames.ask()

    def _save_log(self):
        self._log_wanted = self.client.send("logs")

    def _engine_changed(self, fields):
        """``fields`` of a configure request. The engine is told what differs from what it was told last."""
        if fields.get("preset"):
            self._store.change({"preset": fields["preset"], "engine": {}})
        else:
            self._store.change_engine(fields["config"])
        self.client.settle()

    # what is brought when it is first wanted

    def _toggle_panel(self):
        if self._panel:
            self._panel.toggle()
        else:
            self._bridge.bring("panel").then(lambda *_: self._panel_came())

    def _panel_came(self):
        if self._panel is None:
            from ui.panel.panel import Panel

            self._panel = Panel(
                self._platform, self._words, self.state, self.client.send, self._frames.ask, self._save_log
            )
        self._panel.open()

    def _run_code(self, button):
        if self._runs is None:
            self._bridge.bring("run").then(lambda *_: self._runs_came(button))
        else:
            code = button.closest(".code-block").querySelector("code").textContent
            self._runs.press(button, self._bridge.wellFormed(code))

    def _runs_came(self, button):
        if self._runs is None:
            from ui.answers.code_run import CodeRuns
            from ui.answers.sandbox import Sandbox

            sandbox = Sandbox(self._bridge.openRunner, self._timers)
            self._runs = CodeRuns(self._dom, self._words, sandbox, self._announce)
        self._run_code(button)

    def _bring(self, names, then, refused=None):
        """Brings groups of modules, one after the other."""
        if not names:
            then()
            return
        failed = (lambda *_: refused()) if refused else (lambda *_: None)
        self._bridge.bring(names[0]).then(lambda *_: self._bring(names[1:], then, refused), failed)

    def _new_agent(self):
        self._open_workshop(lambda workshop: workshop.new())

    def _open_workshop(self, then=lambda workshop: workshop.open()):
        if self._workshop:
            then(self._workshop)
        else:
            self._bring(("run", "coded", "workshop"), lambda: self._workshop_came(then), self._workshop_failed)

    def _workshop_failed(self):
        self.state.notice(kind="workshop_failed")
        self._frames.ask()

    def _workshop_came(self, then):
        if self._workshop is None:
            from ui.answers.sandbox import Sandbox
            from ui.workshop.workshop import Workshop

            sandbox = Sandbox(self._bridge.openRunner, self._timers)
            self._workshop = Workshop(self._platform, self._words, self.state, self.client.send, sandbox)
            self._workshop.know(self._made or [])
        then(self._workshop)

    # drawing

    def _draw(self):
        """What is dirty, a piece after the other until the frame is over. True when something is left."""
        state, over = self.state, self._frames.over
        dirty = state.take_dirty()
        left = self._pieces.draw(dirty, over)
        for turn_id in dirty:
            self._log.mark(turn_id)
        left = self._log.draw(state.conversation, over) or left
        if self._panel and self._panel.is_open:
            left = self._panel.draw(dirty, over) or left
        return left

    def _draw_turns(self):
        self._log.sync(self.state.conversation)

    def _draw_names(self):
        state = self.state
        self._words.titles = state.agent_titles
        self._picker.draw(state.agents, state.device.get("groups") or ())
        if state.conversation.turns:
            self._log.mark(state.conversation.turns[-1].id)

    def _draw_status(self):
        self._status.draw(self.state, self._words)
        self._composer.set_busy(self.state.conversation.current is not None)

    def _note_language(self, answer):
        """Once a visit: the model that answered wasn't taught the person's language."""
        state = self.state
        languages = state.model_languages.get(answer.model)
        if languages and self._words.lang not in languages and not state.language_noted:
            state.language_noted = True
            larger = tongues.better(state, answer.model, self._words.lang)
            wait = larger["id"] if larger else None
            answer.note(kind="model_language", model=state.model_name(answer.model), wait=wait)
            answer.version += 1
            state.touch(answer.id)
