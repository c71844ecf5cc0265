"""Sends corrections to the router: ask another agent, this one was wrong, undo that."""


class Corrections:
    """``ask`` as the client's; ``again(turn, options)`` asks a question anew; ``taught(turns)`` gets the turns that
    say something else once the router has learnt, or hasn't."""

    def __init__(self, state, ask, again, taught):
        self._state, self._ask, self._again, self._taught = state, ask, again, taught

    def instead(self, turn, agent):
        """The same question to ``agent``; nothing is learnt."""
        self._again(turn, {"force_agent": agent})

    def correct(self, turn, agent):
        """The same question to ``agent``, and from now on questions like it."""
        if self._state.conversation.current:
            return
        question = self._state.conversation.question_of(turn).text
        self._again(turn, {"force_agent": agent})
        if agent in (self._state.router_status.get("agents") or ()):
            self._teach({"action": "correct", "query": question, "agent": agent}, (turn.id, agent))

    def undo(self, turn):
        self._teach({"action": "undo"}, (turn.id, None))

    def forget(self):
        self._teach({"action": "forget"}, None)

    def _teach(self, fields, about):
        self._ask("teach", fields, lambda message: self._taught(self._ended(message, about)))

    def _ended(self, message, about):
        """``about``: the turn's id and the agent, or None. Returns the turns that say something else now."""
        state = self._state
        learnt = message["type"] == "result"
        if learnt:
            for turn in state.conversation.turns:
                for note in turn.notes:
                    if note.pop("undo", None):  # only the latest correction can be taken back
                        turn.version += 1
                        state.touch(turn.id)
        turn = state.conversation.turn(about[0]) if about else None
        if turn is None:
            return []
        if about[1] is None:
            turn.notes = [note for note in turn.notes if note["kind"] != "learnt"]
            turn.note(kind="unlearnt" if learnt else "not_learnt")
        elif learnt:
            turn.note(kind="learnt", agent=about[1], undo=True)
        else:
            turn.note(kind="not_learnt")
        turn.version += 1
        state.touch(turn.id)
        return [turn]
