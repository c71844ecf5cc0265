"""The two sheets: settings with the storage panel, and earlier conversations."""

import json

from ui.answers.answer_view import backend_words
from ui.words import formatting

ARMED_MS = 4000


class Sheet:
    """A ``<dialog>`` that closes by its button, by Esc and by a click beside it."""

    def __init__(self, dom, name):
        self._dom = dom
        self.node = dom.by_id(name)
        dom.on(self.node, "click", self._clicked)

    def _clicked(self, event):
        if event.target.isSameNode(self.node) or event.target.closest("[data-close]"):
            self.node.close()

    def open(self):
        if not self.node.open:
            self.node.showModal()

    def close(self):
        self.node.close()


class Armed:
    """A button for what can't be undone: the first press asks, a second soon after does it."""

    def __init__(self, dom, timers, name, ask, act):
        self._timers, self._ask, self._act = timers, ask, act
        self._button = dom.by_id(name)
        self._label = None
        self._timer = None
        dom.on(self._button, "click", self._pressed)

    def _pressed(self, _event):
        if self._label is None:
            self._label = self._button.textContent
            self._button.textContent = self._ask()
            self._button.classList.add("armed")
            self._timer = self._timers.later(ARMED_MS, self._disarm)
        else:
            self._timers.cancel(self._timer)
            self._disarm()
            self._act()

    def _disarm(self):
        self._button.textContent = self._label
        self._button.classList.remove("armed")
        self._label = None


class SettingsView:
    """``on_change(name, value)`` for a preference; ``on_action(name)`` for forget, forget_chats,
    persist and logs; ``estimate(call)`` calls back with the JSON text of the browser's estimate."""

    FIELDS = ("language", "theme", "style", "stream", "typing", "enter")

    def __init__(self, dom, words, timers, estimate, on_change, on_action):
        self._dom, self._words, self._estimate = dom, words, estimate
        self._sheet = Sheet(dom, "settings")
        self._on_change = on_change
        for name in self.FIELDS:
            self._bind(name)
        self._preload = dom.by_id("set-preload")
        dom.on(self._preload, "change", lambda _event: on_change("preload", bool(self._preload.checked)))
        Armed(dom, timers, "forget", lambda: self._words("forget_sure"), lambda: on_action("forget"))
        Armed(dom, timers, "forget-chats", lambda: self._words("forget_chats_sure"), lambda: on_action("forget_chats"))
        self._persist = dom.by_id("persist")
        dom.on(self._persist, "click", lambda _event: on_action("persist"))
        dom.on(dom.by_id("save-logs"), "click", lambda _event: on_action("logs"))

    def _bind(self, name):
        field = self._dom.by_id("set-" + name)
        self._dom.on(field, "change", lambda _event: self._on_change(name, field.value))

    def open(self, preferences, state):
        self.fill(preferences)
        self._sheet.open()
        self.show_storage(state)

    @property
    def is_open(self):
        return bool(self._sheet.node.open)

    def fill(self, preferences):
        for name in self.FIELDS:
            self._dom.by_id("set-" + name).value = preferences[name] or self._words.lang
        self._preload.checked = bool(preferences["preload"])

    def show_storage(self, state):
        self._estimate(lambda text: self._draw_storage(json.loads(text), state))

    def _draw_storage(self, estimate, state):
        words, lang, by_id = self._words, self._words.lang, self._dom.by_id
        usage, quota = estimate["usage"], estimate["quota"]
        if usage is not None:
            usage = max(usage, self._stored(state) + self._read(state))  # the browser's estimate comes late
        bar = by_id("storage-bar")
        bar.hidden = not quota
        if usage is None:
            by_id("storage-used").textContent = words("storage_unknown")
        else:
            used = words("storage_used", used=formatting.size(usage, lang))
            if quota:
                used += " " + words("storage_of", quota=formatting.size(quota, lang))
                bar.value = max(0.5, formatting.percent(usage, quota)) if usage else 0
            by_id("storage-used").textContent = used
        self._draw_models(state)
        persisted = estimate["persisted"]
        by_id("storage-promise").textContent = words("storage_persisted" if persisted else "storage_temporary")
        self._persist.hidden = persisted is not False

    def _stored(self, state):
        """Bytes of all shards on the device."""
        return (state.device.get("storage") or {}).get("shard_bytes") or 0

    def _read(self, state):
        """Bytes that are kept of what agents' prompts come to."""
        return (state.device.get("storage") or {}).get("prefix_bytes") or 0

    def _draw_models(self, state):
        words, place = self._words, self._dom.by_id("storage-models")
        place.replaceChildren()
        stored = self._stored(state)
        if stored:
            text = words("storage_models", size=formatting.size(stored, words.lang))
        else:
            text = words("storage_none")
        place.appendChild(self._dom.el("li", None, text))
        if self._read(state):
            text = words("storage_prefixes", size=formatting.size(self._read(state), words.lang))
            place.appendChild(self._dom.el("li", None, text))
        self._dom.by_id("forget").disabled = not stored and not self._read(state) and state.model is None
        device = state.device.get("device") or {}
        parts = ["Orion " + state.device["version"]] if state.device.get("version") else []
        if device.get("threads"):
            parts.append(backend_words("WASM, " + str(device["threads"]), words))
        if device.get("webgpu"):
            parts.append("WebGPU " + (device.get("webgpu_name") or ""))
        self._dom.by_id("device-line").textContent = " · ".join(parts)


class ChatsView:
    """``on_open(id)``, ``on_delete(id)``, ``on_more()``."""

    def __init__(self, dom, words, on_open, on_delete, on_more):
        self._dom, self._words = dom, words
        self._on_open, self._on_delete = on_open, on_delete
        self._sheet = Sheet(dom, "chats")
        self._list = dom.by_id("chat-list")
        dom.on(self._list, "click", self._clicked)
        self._more = dom.by_id("chat-more")
        dom.on(self._more, "click", lambda _event: on_more())

    @property
    def is_open(self):
        return bool(self._sheet.node.open)

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if not button:
            return
        chat = button.closest("li").dataset.chat
        if button.dataset.action == "open":
            self._sheet.close()
            self._on_open(chat)
        else:
            self._on_delete(chat)

    def open(self):
        self._sheet.open()

    def fill(self, chats, current, more=False, focus=None):
        """``chats``: rows of ``chat_rows.newest``; ``more``: there are others behind them; ``focus``: the
        place of the row that is to have the focus. Else it stays in the row that has it."""
        dom, words = self._dom, self._words
        held = self._held()
        self._list.replaceChildren()
        self._more.hidden = not more
        if not chats:
            self._list.appendChild(dom.el("li", "faint", words("no_conversations")))
        for place, each in enumerate(chats):
            chat, title, turns, updated = each["id"], each["title"], each["count"], each["updated"]
            row = dom.el("li", "chat", attributes={"data-chat": chat})
            title = title or words("untitled")
            button = dom.button("open", "", cls="chat-open")
            button.appendChild(dom.el("span", "chat-title", title, {"dir": "auto"}))
            if chat == current:
                button.setAttribute("aria-current", "true")
            when = self._dom.bridge.localTime(updated, words.lang) if updated else ""
            when = when + " · " if when else ""
            button.appendChild(dom.el("small", None, when + words("messages_count", count=turns)))
            row.appendChild(button)
            row.appendChild(dom.button("delete", words("delete_conversation", title=title), "delete", "icon"))
            self._list.appendChild(row)
            if place == focus:
                button.focus()
            elif focus is None and held and held[0] == chat:
                for control in dom.all("[data-action=" + held[1] + "]", row):
                    control.focus()

    def _held(self):
        """(id of the conversation, action) of the button in the list that has the focus, or None."""
        active = self._dom.document.activeElement
        row = active.closest("#chat-list li") if active else None
        return (row.dataset.chat, active.dataset.action) if row else None
