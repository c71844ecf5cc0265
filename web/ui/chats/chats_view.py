"""Draws the sheet of earlier conversations."""

from ui.base.sheet import Sheet


class ChatsView:
    """``on_open(id)``, ``on_save(id)``, ``on_delete(id)``, ``on_more()``."""

    def __init__(self, dom, words, on_open, on_save, on_delete, on_more):
        self._dom, self._words = dom, words
        self._on_open, self._on_save, self._on_delete = on_open, on_save, on_delete
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
        elif button.dataset.action == "save":
            self._on_save(chat)
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
            button.appendChild(dom.el("small", None, when + words.counted("messages_count", turns)))
            row.appendChild(button)
            row.appendChild(dom.button("save", words("save_conversation", title=title), "save", "icon"))
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
