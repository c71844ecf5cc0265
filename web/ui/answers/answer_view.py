"""Draws one turn as an ``<article>``: who speaks, what is going on, the text, and what it took."""

import json

from ui.answers.reading_mark import ReadingMark
from ui.answers.transcripts_view import TranscriptsView
from ui.answers.why_view import WhyView
from ui.asking import agents
from ui.base.frames import BUDGET_MS, Pace
from ui.words import formatting

ACTIVITY = {
    "queued": "turn_queued",
    "validating": "turn_validating",
    "routing": "turn_routing",
    "loading": "turn_loading",
    "looking": "turn_looking",
    "listening": "turn_listening",
    "thinking": "turn_thinking",
    "streaming": "turn_streaming",
}
NOTES = {
    "length": "turn_cut",
    "timeout": "turn_timeout",
    "loop": "turn_loop",
    "loop_again": "turn_loop_again",
    "interrupted": "turn_interrupted",
    "restarted": "turn_restarted",
}
CODE_NOTES = {"agent_code_failed": "runtime_failure", "agent_code_time": "inference_timeout"}
"""How pages of earlier versions kept that an agent's code failed."""


def note_words(note, words):
    """The sentence for a note or a notice."""
    if note["kind"] == "fallback":
        return words.fallback(note["step"], note["to"], note["code"], note["reason"])
    if note["kind"] in CODE_NOTES:
        return words.fallback("code", "", CODE_NOTES[note["kind"]])
    key = NOTES.get(note["kind"], note["kind"])
    if not words.has(key):
        return ""
    if note.get("agent"):
        return words(key, agent=words.agent(note["agent"]))
    return words(key, **{name: note[name] for name in ("model", "better") if note.get(name)})


def activity_words(turn, words, waits_for_microphone=False):
    """What is going on with a turn that isn't at its end."""
    if waits_for_microphone:
        return words("turn_waits_microphone")
    if turn.step and turn.activity != "loading" and words.has("step_" + turn.step):
        return words("step_" + turn.step)
    key = ACTIVITY.get(turn.activity or turn.state)
    if key == "turn_looking" and turn.looked:
        picture, pictures, line, lines = turn.looked
        if pictures > 1:
            key = "turn_reading_of" if lines else "turn_looking_of"
            return words(key, picture=picture, pictures=pictures, line=line, lines=lines)
        if lines:
            return words("turn_reading", line=line, lines=lines)
    text = words(key) if key else ""
    if turn.activity == "listening" and turn.heard and turn.heard[1]:
        done, total = formatting.clock(turn.heard[0]), formatting.clock(turn.heard[1])
        text += " " + words("heard_of", done=done, total=total)
    return text


def labels(words):
    """JSON of what bridge/page/markdown.js writes into an answer."""
    return json.dumps(
        {
            "copy": words("copy"),
            "run": words("run_code"),
            "thought": words("thought"),
            "thinking": words("thinking_aloud"),
        }
    )


def backend_words(backend, words):
    """The engine's label ("Kernel, 2 threads, 8-bit cache", "WASM, 1 thread, exact") in the page's language."""
    if not backend:
        return ""
    name, _, rest = backend.partition(",")
    known = {"wasm": "WebAssembly", "webgpu": "WebGPU", "kernel": words("backend_kernel")}
    name = known.get(name.strip().lower(), name)
    digits = "".join([char for char in rest.partition("thread")[0] if char.isdigit()])
    if not digits:
        return name
    threads = words.counted("threads", int(digits))
    exact = ", " + words("exact_backend") if "exact" in rest else ""
    narrow = ", " + words("narrow_cache") if "8-bit cache" in rest else ""
    plain = ", " + words("plain_backend") if "plain" in rest else ""
    return name + ", " + threads + exact + narrow + plain


def facts(turn, words, model_name):
    """(name, text, title) of each part of the line under a finished answer."""
    meta = turn.meta
    rows = []
    if turn.agent:
        reason = meta.get("reason")
        rows.append(("agent", words.agent(turn.agent), words("reason_title", reason=reason) if reason else None))
    certainty = agents.certainty(turn)
    if certainty is not None:
        share = formatting.share(certainty, words)
        rows.append(("confidence", words("chosen_with", share=share), words("chosen_with_title")))
    direct = words("answered_by_" + turn.model) if words.has("answered_by_" + str(turn.model)) else None
    if direct:
        rows.append(("model", direct, None))
    elif turn.model and model_name(turn.model):
        version = meta.get("version")
        rows.append(("model", model_name(turn.model), turn.model + (" " + version if version else "")))
    named = direct or meta.get("backend") == turn.model  # what was worked out without a model ran nowhere else
    if meta.get("backend") and not named:
        rows.append(("backend", backend_words(meta["backend"], words), meta["backend"]))
    if meta.get("rate"):
        drafted = meta.get("drafted")
        guessed = words("guessed", drafted=drafted, accepted=meta["accepted"]) if drafted else None
        rows.append(("rate", formatting.rate(meta["rate"], words), guessed))
    first = meta.get("first_token_ms")
    if first is not None:
        prompt = meta.get("prompt")
        read = words("read_before", cached=meta.get("cached") or 0, prompt=prompt) if prompt else None
        rows.append(("first-token", words("first_word", time=formatting.duration(first, words)), read))
    return rows


class UserView:
    def __init__(self, dom, turn, words):
        self._dom = dom
        self._words = words
        self._version = None
        self.node = dom.el("article", "turn user", attributes={"data-role": "user", "data-turn": turn.id})
        self._who = dom.el("h3", "unseen")
        self._text = dom.el("div", "said", attributes={"dir": "auto"})
        self._edit = None
        self._files = dom.el("div", "turn-files")
        self._drawn_files = None
        question = dom.el("div", "question")
        question.append(self._files, self._text)
        self.node.append(self._who, question)

    def draw(self, turn, thumbnails):
        """``thumbnails(place, attached)`` draws what is attached."""
        words = self._words
        self.node.setAttribute("data-state", turn.state)
        self._who.textContent = words("you")
        if self._version is None:
            self._text.textContent = turn.text
            self._text.hidden = not turn.text
            self._version = turn.version
        files = (words.lang, [file["id"] for file in turn.attached])
        if self._drawn_files != files:
            self._drawn_files = files
            thumbnails(self._files, turn.attached)
        if self._edit:
            self._edit.remove()
        self._edit = self._dom.button("edit", words("edit"), "edit", "icon")
        self.node.appendChild(self._edit)
        return True


class AnswerView:
    """The assistant's side. ``markdown`` is None until that module has arrived."""

    def __init__(self, dom, turn, words, clock, state):
        self._dom = dom
        self._words = words
        self._state = state
        self._pace = Pace(clock)
        self._drawn_text = None
        self._drawn = {}
        self.node = dom.el("article", "turn assistant", attributes={"data-role": "assistant", "data-turn": turn.id})
        head = dom.el("header", "turn-head")
        self._who = dom.el("h3", "who", "Orion")
        self._activity = dom.el("span", "activity")
        self._bar = dom.el("progress", "bar turn-progress", attributes={"max": "100"})
        self._reading = ReadingMark(dom, words, self.node)
        head.append(self._who, self._activity, self._reading.badge, self._bar)
        self._body = dom.el("div", "answer", attributes={"aria-live": "off"})
        self._error = dom.el("div", "error", attributes={"role": "group"})
        self._notes = dom.el("ul", "notes")
        self._offer = dom.el("div", "offer")
        self._transcripts = TranscriptsView(dom, words)
        self._foot = dom.el("footer", "turn-foot")
        self._found = dom.el("div", "found")
        self._found.hidden = True
        self._draw_found = None  # while it is open
        self._why = WhyView(dom, words, state)
        self._may_correct = False
        self.node.append(head, self._body, self._error, self._notes, self._offer, self._transcripts.node)
        self.node.append(self._reading.note, self._foot, self._found, self._why.node)

    def toggle_why(self, turn, wrong):
        """Opens or closes the card that says why; ``wrong``: the person goes on to choose another."""
        if self._why.is_open:
            self._why.close()
        else:
            self._why.open(turn, self._may_correct)
            if wrong:
                self._why.focus()
        for button in self._dom.all("[aria-expanded]:not([data-action=found])", self._foot):
            button.setAttribute("aria-expanded", "true" if self._why.is_open else "false")

    def draw(self, turn, is_last, markdown):
        """True when the text is on the page in full; False when it has to rest first."""
        self._changed("state", turn.state, lambda value: self._dom.attribute(self.node, "data-state", value))
        self._changed("busy", turn.busy, self._set_busy)
        self._changed("agent", turn.agent, lambda value: self._dom.attribute(self.node, "data-agent", value))
        self._changed("model", turn.model, lambda value: self._dom.attribute(self.node, "data-model", value))
        waits = self._state.waits_for_microphone(turn)
        activity = activity_words(turn, self._words, waits) if turn.busy else ""
        self._changed("activity", activity, lambda _: self._set_activity(turn, activity))
        self._changed("progress", (turn.busy, turn.progress, self._words.lang), lambda _: self._set_progress(turn))
        self._changed("notes", (str(turn.notes), self._words.lang), lambda _: self._set_notes(turn))
        error = (turn.error and turn.error["code"], turn.state, self._words.lang)
        self._changed("error", error, lambda _: self._set_error(turn))
        recordings = (len(turn.meta.get("recordings") or []), turn.state, self._words.lang)
        self._changed("transcripts", recordings, lambda _: self._set_transcripts(turn))
        rate = turn.meta.get("rate") if not turn.busy else None
        how = self._state.how_read(turn.id)
        foot = (turn.state, is_last, self._words.lang, rate, len(self._state.agents), bool(turn.scenes))
        self._changed("foot", foot, lambda _: self._set_foot(turn, is_last))
        self._changed("reading", (how, self._words.lang, foot), lambda _: self._reading.draw(how))
        self._changed("found", (turn.scenes, self._words.lang), lambda _: self._set_found(turn))
        return self._set_text(turn, markdown)

    def toggle_found(self, turn, draw):
        """Shows what was found in the question's pictures, or hides it again. ``draw(place, scenes)`` draws it."""
        self._draw_found = draw if self._found.hidden else None
        self._set_found(turn)

    def _set_found(self, turn):
        self._found.replaceChildren()
        if not turn.scenes:  # it is being answered anew
            self._draw_found = None
        self._found.hidden = self._draw_found is None
        if self._draw_found:
            self._draw_found(self._found, turn.scenes)
        for button in self._dom.all("[data-action=found]", self._foot):
            self._say_found(button)

    def _say_found(self, button):
        button.textContent = self._words("found_show" if self._found.hidden else "found_hide")
        button.setAttribute("aria-expanded", "false" if self._found.hidden else "true")

    def _changed(self, name, value, act):
        if name not in self._drawn or self._drawn[name] != value:
            self._drawn[name] = value
            act(value)

    def _set_busy(self, busy):
        self.node.setAttribute("aria-busy", "true" if busy else "false")

    def _set_activity(self, turn, text):
        counts = turn.activity == "looking" and turn.looked and turn.looked[3]
        # A screen reader says that a picture is looked at; of its lines it would say nothing else for a while.
        self._dom.attribute(self._activity, "aria-live", "off" if counts else None)
        self._activity.textContent = text
        self._activity.hidden = not text

    def _set_transcripts(self, turn):
        self._transcripts.draw(turn, self._state.conversation.question_of(turn))

    def _set_progress(self, turn):
        """Shown once the engine has the request; an answer that has ended needs none."""
        self._bar.hidden = not turn.busy or not turn.progress
        self._bar.value = turn.progress
        self._bar.setAttribute("aria-label", self._words("turn_progress"))

    def _set_text(self, turn, markdown):
        text = turn.text
        key = (text, markdown is not None)
        if self._drawn_text == key:
            return True
        if turn.busy and not self._pace.due():
            return False
        if markdown is None:
            self._body.textContent = text
        else:
            if self._drawn_text is not None and not self._drawn_text[1]:
                self._body.textContent = ""
            took = markdown(self._body, text, BUDGET_MS, labels(self._words))
            self._pace.took(abs(took))
            if took < 0:
                self._drawn_text = ("", True)
                return False
        self._drawn_text = key
        return True

    def _set_notes(self, turn):
        self._notes.replaceChildren()
        self._notes.hidden = not turn.notes
        for note in turn.notes:
            sentence = note_words(note, self._words)
            if sentence:
                title = note.get("reason")
                row = self._dom.el("li", "note", attributes={"title": title} if title else None)
                row.appendChild(self._dom.el("span", None, sentence))
                if note.get("undo"):
                    row.appendChild(self._dom.button("undo", self._words("undo"), cls="link"))
                if note.get("wait") in self._state.model_titles:
                    row.appendChild(self._wait_button(note["wait"]))
                self._notes.appendChild(row)

    def _wait_button(self, model):
        """For a larger model to answer in place of this one."""
        state, words = self._state, self._words
        size = formatting.size(state.model_size(model), words)
        label = words("wait_for", model=state.model_name(model), size=size)
        button = self._dom.button("wait", label, cls="link")
        button.setAttribute("data-model", model)
        return button

    def _set_error(self, turn):
        dom, words = self._dom, self._words
        self._error.replaceChildren()
        self._error.hidden = turn.state != "error"
        if turn.state != "error":
            return
        info = turn.error or {"code": "orion", "message": "", "hint": ""}
        what, hint = words.error(info["code"], info["message"], info["hint"])
        self._error.appendChild(dom.el("p", "error-what", what))
        if hint:
            self._error.appendChild(dom.el("p", "error-hint", hint))
        actions = dom.el("div", "error-actions")
        actions.append(dom.button("retry", words("retry"), cls="solid"), dom.button("edit", words("edit")))
        self._error.appendChild(actions)
        if info["message"]:
            more = dom.el("details", "error-more")
            more.appendChild(dom.el("summary", None, words("details")))
            more.appendChild(dom.el("p", None, info["message"]))
            more.appendChild(dom.el("code", None, info["code"]))
            self._error.appendChild(more)

    def _set_foot(self, turn, is_last):
        dom, words = self._dom, self._words
        self._foot.replaceChildren()
        self._why.close()
        self._set_offer(turn, is_last)
        self._foot.hidden = turn.busy or turn.state == "error"
        if turn.busy or turn.state == "error":
            return
        if turn.state == "cancelled":
            self._foot.appendChild(dom.el("span", "fact stopped", words("turn_cancelled")))
        line = dom.el("div", "facts")
        knows_why = bool(turn.meta.get("reason"))
        for name, text, title in facts(turn, words, self._state.known_name):
            if name == "agent" and knows_why:
                fact = self._why_button("why", text, "fact")
            else:
                fact = dom.el("span", "fact", text)
            fact.setAttribute("data-field", name)
            fact.setAttribute("dir", "auto")
            if title:
                fact.setAttribute("title", title)
            line.appendChild(fact)
        self._may_correct = is_last and bool(turn.agent) and len(self._state.agents) > 1
        if self._may_correct:
            line.appendChild(self._why_button("wrong", words("wrong_agent"), "fact link"))
        if turn.scenes:
            button = dom.button("found", "", cls="fact link")
            self._say_found(button)
            line.appendChild(button)
        self._foot.appendChild(line)
        actions = dom.el("div", "turn-actions")
        if turn.text:
            actions.append(self._reading.button(), dom.button("copy", words("copy"), "copy", "icon"))
        if is_last:
            actions.appendChild(dom.button("regenerate", words("regenerate"), "again", "icon"))
        self._foot.appendChild(actions)

    def _why_button(self, action, text, cls):
        button = self._dom.button(action, text, cls=cls)
        button.setAttribute("aria-expanded", "false")
        return button

    def _set_offer(self, turn, is_last):
        dom, words = self._dom, self._words
        self._offer.replaceChildren()
        lacks = is_last and agents.lacks_file(self._state.conversation, turn, self._state.agents)
        agent = agents.alternative(turn, self._state.agents) if is_last and not lacks else None
        self._offer.hidden = agent is None and not lacks
        if lacks:
            self._offer.append(dom.el("p", None, words("attach_missing")), dom.button("attach", words("attach")))
        if agent is not None:
            self._offer.appendChild(dom.el("p", None, words("unsure")))
            button = dom.button("instead", words("ask_instead", agent=words.agent(agent)))
            button.setAttribute("data-agent", agent)
            self._offer.appendChild(button)
