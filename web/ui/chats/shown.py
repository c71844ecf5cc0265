"""Chooses the conversation on the page: a new one, another one, or one in place of what was deleted."""

import json

from ui.chats.conversation import Conversation


class Shown:
    """``page``: the App, whose state and other parts are used by their names."""

    def __init__(self, page):
        self._page = page

    def show(self, conversation):
        page = self._page
        page.asking.stop()  # and with it what is read aloud
        page.state.conversation = conversation
        page.announce("")
        page.state.touch("turns", "status")
        page.views.log.follow()
        page.redraw()

    def show_empty(self):
        self.show(Conversation(self._page.bridge.newId()))
        self._page.keeping.left()

    def new(self):
        self.show_empty()
        self._page.views.composer.focus()

    def save(self, conversation_id):
        """Into a file of the person's, with all that is attached to it."""
        self._page.keeping.chats.open(conversation_id, self._read)

    def _read(self, conversation):
        if conversation:
            self._page.attachments.export(json.dumps(conversation.dump()))

    def delete(self, conversation_id):
        if conversation_id == self._page.state.conversation.id:
            self.show_empty()
        self._page.keeping.delete(conversation_id)

    def delete_all(self):
        self.show_empty()
        self._page.keeping.delete_all()
