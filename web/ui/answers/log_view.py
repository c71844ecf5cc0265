"""Draws the conversation: one article per turn, redrawn when dirty, a frame's worth at a time."""

from ui.answers.answer_view import AnswerView, UserView
from ui.answers.following import Following


class LogView:
    """``act(action, turn_id, button)`` is called for a click on anything with ``data-action``."""

    def __init__(self, dom, words, clock, act, state):
        self._dom = dom
        self._words = words
        self._clock = clock
        self._act = act
        self._state = state
        self._views = {}
        self._pending = []
        self.markdown = None
        self.thumbnails = None  # draws what is attached to a question into its place
        self.log = dom.by_id("log")
        self._welcome = dom.by_id("welcome")
        self._jump = dom.by_id("jump")
        self._following = Following(dom, dom.by_id("scroller"), clock, self._followed)
        dom.on(self.log, "click", self._clicked)
        dom.on(self._jump, "click", lambda _event: self.follow())

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if button:
            action, turn_id = button.dataset.action, button.closest("article").dataset.turn
            if action in ("why", "wrong"):
                self._views[turn_id].toggle_why(self._state.conversation.turn(turn_id), action == "wrong")
            else:
                self._act(action, turn_id, button)

    def toggle_found(self, turn, draw):
        """As AnswerView does."""
        self._views[turn.id].toggle_found(turn, draw)

    def _followed(self, following):
        self._jump.hidden = following

    def follow(self):
        """To the end, and stay there while the answer grows."""
        self._following.start()

    def sync(self, conversation):
        """Makes the articles match the conversation's turns. New ones are drawn by ``draw``."""
        wanted = [turn.id for turn in conversation.turns]
        for turn_id in list(self._views):
            if turn_id not in wanted:
                self._views.pop(turn_id).node.remove()
        for turn in conversation.turns:
            if turn.id not in self._views:
                make = UserView if turn.role == "user" else AnswerView
                extra = () if turn.role == "user" else (self._clock, self._state)
                view = self._views[turn.id] = make(self._dom, turn, self._words, *extra)
                self.log.appendChild(view.node)
        self._order(conversation)
        self._welcome.hidden = bool(wanted)
        self.redraw(conversation)

    def _order(self, conversation):
        """What another tab asked may belong between what is here. A node that is in its place isn't
        touched: it may hold a selection."""
        places = [turn.id for turn in conversation.turns]
        following = None
        for turn_id in reversed(places):
            node = self._views[turn_id].node
            if following is not None and not following.isSameNode(node.nextElementSibling):
                self.log.insertBefore(node, following)
            following = node

    def redraw(self, conversation):
        """All turns again, the last first: that is where the person looks."""
        self._pending = [turn.id for turn in reversed(conversation.turns)]

    def mark(self, turn_id):
        if turn_id not in self._pending:
            self._pending.insert(0, turn_id)

    def draw(self, conversation, over):
        """Draws pending turns until ``over()``. True when some are left."""
        last = conversation.turns[-1].id if conversation.turns else None
        later = []
        drew = False
        while self._pending:
            if drew and over():
                break
            turn_id = self._pending.pop(0)
            turn, view = conversation.turn(turn_id), self._views.get(turn_id)
            if not turn or not view:
                continue
            drew = True
            if turn.role == "user":
                view.draw(turn, self.thumbnails)
            elif not view.draw(turn, turn_id == last, self.markdown):
                later.append(turn_id)
        self._pending = self._pending + later
        if drew or self._following.behind:
            self._following.keep()
        return bool(self._pending) or self._following.behind
