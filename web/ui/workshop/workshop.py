"""Runs the workshop: the person's own agents, written, tried, saved, changed and deleted.

The engine keeps the agents and says which there are; drafts are kept by the page. A try runs apart
from the conversation.
"""

from ui.base.sheet import Sheet
from ui.workshop import model
from ui.workshop.code_box import CodeBox
from ui.workshop.form import Form
from ui.workshop.trial import Trial


class Workshop:
    """``open()`` and ``new()`` show the dialog; ``know(definitions)`` gets the custom agents. ``ask`` as
    the client's; ``settled(message)`` takes the end of a request that changes the engine."""

    def __init__(self, platform, words, state, ask, settled, sandbox):
        from ui.workshop.run import AgentRun  # comes with another group of modules, before this one

        self._platform, self._words, self._state = platform, words, state
        self._client_ask, self._settled = ask, settled
        self._dom = dom = platform.dom
        self._wellformed = platform.bridge.wellFormed
        self._made = []
        self._drafts = model.Drafts(platform.backing)
        self._agent = None  # whose form is shown; model.NEW for one that isn't saved yet
        self._saving = False
        self._undo = None
        self._sheet = Sheet(dom, "workshop")
        self._title = dom.by_id("workshop-title")
        self._back = dom.by_id("workshop-back")
        self._list_part, self._form_part = dom.by_id("workshop-list"), dom.by_id("workshop-form")
        self._make_list()
        self._form = Form(dom, words, self._form_part, self._code_box, self._changed, self._acted)
        self._trial = Trial(
            lambda definition, piece, end: AgentRun(sandbox, ask, definition, piece, end),
            ask,
            self._piece,
            self._tried,
        )
        dom.on(self._back, "click", lambda _event: self._show_list())
        dom.on(self._sheet.node, "close", lambda _event: self._closed())

    def _code_box(self, on_code, on_run):
        platform = self._platform
        return CodeBox(
            self._dom, self._words, platform.timers, platform.bridge.openEditor, self._is_dark, on_code, on_run
        )

    def _is_dark(self):
        theme = self._dom.document.documentElement.dataset.theme
        if theme == "auto":
            return bool(self._platform.window.matchMedia("(prefers-color-scheme: dark)").matches)
        return theme == "dark"

    # from outside

    def open(self):
        """The form that was left last, else the list."""
        if self._agent is None:
            self._show_list()
        else:
            self._edit(self._agent)
        self._sheet.open()
        self._title.focus()

    def new(self):
        self._sheet.open()
        self._edit(model.NEW)

    def know(self, definitions):
        earlier, self._made = self._made, list(definitions)
        if self._made != earlier and not self._list_part.hidden:  # a list drawn anew loses the focus
            self._fill_list()

    def _ask(self, kind, fields, then):
        """``then(message)`` gets its end; what it changed is known by then."""

        def ended(message):
            self._settled(message)
            then(message)

        self._client_ask(kind, fields, ended)

    def _closed(self):
        self._trial.stop()
        self._form.end()

    # the list

    def _make_list(self):
        dom, words = self._dom, self._words
        about = dom.el("p", "faint", words("workshop_about"), {"data-words": "workshop_about"})
        self._list = dom.el("ul", "chat-list own-agents", attributes={"data-label": "own_agents"})
        self._list.setAttribute("aria-label", words("own_agents"))
        self._said = dom.el("span", attributes={"role": "status"})
        self._undo_button = dom.el("button", "link", words("undo"), {"type": "button", "data-words": "undo"})
        self._undo_button.setAttribute("data-action", "undo")
        self._undo_button.hidden = True
        line = dom.el("p", "workshop-said")
        line.append(self._said, self._undo_button)
        new = dom.el("button", "solid", words("new_agent"), {"type": "button", "data-words": "new_agent"})
        new.setAttribute("data-action", "edit")
        new.setAttribute("data-agent", model.NEW)
        self._new = new
        self._list_part.append(about, self._list, line, new)
        dom.on(self._list_part, "click", self._list_clicked)

    def _show_list(self, said="", undo=None):
        self._trial.stop()
        self._form.end()
        agent, self._agent = self._agent, None
        self._form_part.hidden = self._back.hidden = True
        self._list_part.hidden = False
        self._title.textContent = self._words("workshop")
        self._say(said, undo)
        self._fill_list()
        self._focus_row(agent)

    def _say(self, sentence, undo=None):
        self._said.textContent = sentence
        self._undo = undo
        self._undo_button.hidden = undo is None

    def _fill_list(self):
        dom, words = self._dom, self._words
        self._list.replaceChildren()
        drafts = self._drafts.ids()
        for row in self._made:
            facts = [example_words(len(row.get("examples") or []), words)]
            if row.get("code"):
                facts.append("Python")
            if row["id"] in drafts:
                facts.append(words("unsaved_changes"))
            self._list.appendChild(self._row(row["id"], row["name"], " · ".join(facts), "delete_agent"))
        if model.NEW in drafts:
            name = self._drafts.get(model.NEW)["name"].strip() or words("untitled_agent")
            self._list.appendChild(self._row(model.NEW, name, words("unsaved"), "discard_agent"))
        if not self._made and model.NEW not in drafts:
            self._list.appendChild(dom.el("li", "faint", words("no_own_agents")))
        self._new.hidden = model.NEW in drafts

    def _row(self, agent, name, facts, delete):
        dom, words = self._dom, self._words
        row = dom.el("li", "chat", attributes={"data-agent": agent})
        button = dom.button("edit", "", cls="chat-open")
        button.appendChild(dom.el("span", "chat-title", name, {"dir": "auto"}))
        button.setAttribute("aria-label", words("edit_agent", name=name) + " (" + facts + ")")
        button.setAttribute("data-agent", agent)
        button.appendChild(dom.el("small", None, facts))
        row.append(button, dom.button("delete", words(delete, name=name), "delete", "icon"))
        return row

    def _focus_row(self, agent):
        for button in self._dom.all("[data-action=edit]", self._list):
            if button.dataset.agent == agent:
                button.focus()
                return
        self._title.focus()

    def _list_clicked(self, event):
        button = event.target.closest("[data-action]")
        if not button:
            return
        action = button.dataset.action
        if action == "edit":
            self._edit(button.dataset.agent)
        elif action == "delete":
            self._delete(button.closest("li").dataset.agent)
        elif action == "undo" and self._undo:
            self._undo()

    # deleting, with a way back

    def _delete(self, agent):
        draft = self._drafts.get(agent)
        gone = self._definition(agent)
        self._drafts.drop(agent)
        if gone is None:
            name = (draft or model.fresh())["name"].strip() or self._words("untitled_agent")
            self._say(self._words("discarded_agent", name=name), lambda: self._restore(agent, draft, None))
            self._fill_list()
            self._undo_button.focus()
            return
        self._ask("agent.unregister", {"agent": agent}, lambda message: self._deleted(gone, draft, message))

    def _deleted(self, gone, draft, message):
        if message["type"] == "result":
            said = self._words("deleted_agent", name=gone["name"])
            self._say(said, lambda: self._restore(gone["id"], draft, gone))
            self._undo_button.focus()
        else:
            if draft:
                self._drafts.keep(gone["id"], draft)
            self._say(self._error(message))
        self._fill_list()

    def _restore(self, agent, draft, gone):
        self._say("")
        if draft:
            self._drafts.keep(agent, draft)
        if gone:
            self._ask("agent.register", {"definition": gone}, lambda message: self._restored(agent, message))
        else:
            self._fill_list()
            self._focus_row(agent)

    def _restored(self, agent, message):
        if message["type"] != "result":
            self._say(self._error(message))
        self._fill_list()
        self._focus_row(agent)

    # the form

    def _definition(self, agent):
        for row in self._made:
            if row["id"] == agent:
                return row
        return None

    def _kept_fields(self):
        """What the form would show without a draft."""
        kept = self._definition(self._agent)
        return model.fields_of(kept) if kept else model.fresh()

    def _edit(self, agent):
        if agent != model.NEW and self._definition(agent) is None:
            agent = model.NEW
        self._trial.stop()
        self._agent = agent
        draft = self._drafts.get(agent)
        fields = draft or self._kept_fields()
        if not fields["question"]:
            fields["question"] = (model.lines(fields["examples"]) or [""])[0]
        self._list_part.hidden = True
        self._form_part.hidden = self._back.hidden = False
        self._form.fill(fields, "draft_found" if draft else None, agent == model.NEW)
        self._form.dirty(draft is not None)
        self._head(fields)
        self._sheet.node.scrollTop = 0
        if agent == model.NEW:
            self._form.focus("name")
        else:
            self._title.focus()

    def _head(self, fields):
        self._title.textContent = fields["name"].strip() or self._words("new_agent").rstrip("…")

    def _changed(self):
        fields = self._fields()
        self._head(fields)
        self._form.saying("")
        dirty = model.differs(fields, self._kept_fields())
        self._form.dirty(dirty)
        if not dirty:
            self._drafts.drop(self._agent)
            self._form.noting(None)
        elif not self._drafts.keep(self._agent, fields):
            self._form.noting("draft_not_kept")

    def _fields(self):
        return {name: self._wellformed(text) for name, text in self._form.fields.items()}

    def _acted(self, action):
        if action == "save":
            self._save()
        elif action == "discard":
            self._discard()
        elif action == "try":
            self._try()
        elif action == "stop":
            self._trial.stop()
        elif action == "sample":
            self._form.put_code(self._words("sample_code"))

    def _save(self):
        if self._saving:
            return
        fields, words = self._fields(), self._words
        problems = model.problems(fields, self._agent, self._made)
        self._form.show_wrong(problems)
        if problems:
            self._form.saying(words("wrong_some"))
            return
        taken = [row["id"] for row in self._state.agents] + [row["id"] for row in self._made]
        saved = model.definition(fields, self._agent, self._made, taken)
        self._saving = True
        self._form.saving(True)
        self._form.saying(words("saving"))
        agent = self._agent
        self._ask("agent.register", {"definition": saved}, lambda message: self._saved(agent, saved, message))

    def _saved(self, agent, saved, message):
        self._saving = False
        self._form.saving(False)
        if message["type"] != "result":
            self._form.saying(self._error(message))
            return
        self._drafts.drop(agent)
        if self._agent != agent:
            self._fill_list()
            return
        self._agent = saved["id"]
        key = "saved_examples" if saved["examples"] else "saved_agent"
        self._show_list(self._words(key, name=saved["name"]))

    def _discard(self):
        agent, draft = self._agent, self._fields()
        self._drafts.drop(agent)
        name = draft["name"].strip() or self._words("untitled_agent")
        self._show_list(self._words("discarded_agent", name=name), lambda: self._restore(agent, draft, None))

    def _error(self, message):
        error = message.get("error") or {}
        return ". ".join([t for t in self._words.error(error.get("code"), error.get("message") or "") if t])

    # a try

    def _try(self):
        if self._trial.busy:
            return
        fields, words, form = self._fields(), self._words, self._form
        question, code = fields["question"].strip(), fields["code"]
        wrong = {}
        if not fields["prompt"].strip():
            wrong["prompt"] = ("wrong_prompt_missing", {})
        elif not question:
            wrong["question"] = ("try_needs_question", {})
        problem = model.code_problem(code)
        if problem:
            wrong["code"] = problem
        form.show_wrong(wrong)
        if wrong:
            return
        form.clear_output()
        form.busy(True)
        form.says("starting", words("run_starting" if code.strip() else "try_waiting"))
        tried = model.definition(fields, self._agent, self._made, [])
        self._trial.start(tried, question, words.lang)

    def _piece(self, text, stream):
        self._form.says("running", self._words("try_writing"))
        if stream == "revised":  # instead of all that came: the model had begun to repeat itself
            self._form.clear_output()
            stream = "stdout"
        self._form.prints(text, stream)

    def _tried(self, why, error):
        from ui.workshop.run import OWN_SECONDS, SECONDS

        words, form = self._words, self._form
        form.busy(False)
        if why == "failed":
            form.says("error", self._error({"error": error}))
        elif why == "done" and error:
            form.prints(error + "\n", "stderr")
            form.says("error", words("try_failed"))
        elif why == "done":
            form.says("done", words("run_done" if form.printed else "try_silent"))
        elif why == "time":
            form.says("time", words("try_time", own=OWN_SECONDS, all=SECONDS))
        elif why == "output":
            form.says("output", words("run_output_full"))
        elif why == "stopped":
            form.says("stopped", words("run_stopped"))
        else:
            form.says("crash", words("run_crash"))


def example_words(count, words):
    return words.counted("examples", count) if count else words("examples_none")
