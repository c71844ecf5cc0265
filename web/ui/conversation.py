"""Turns, the conversation they make, and its stored form. Pure."""

TURN_STATES = ("queued", "routing", "loading", "streaming", "success", "error", "cancelled")
BUSY = ("queued", "routing", "loading", "streaming")
FORMAT = 1
HISTORY_TURNS = 40


class Turn:
    """One side's turn. ``activity`` is the finer word for what is going on ("thinking", …).

    ``options`` is what the person chose for this answer: force_agent, style. ``meta`` of a finished
    answer: backend, rate, first_token_ms, tokens, timings, and of the routing reason, router,
    confidence, runner_up, probabilities. ``path`` lists the engine's states so far with their ms
    and ``at`` is the present one, ``progress`` how far it is in percent; none of them is kept.
    ``notes`` are dicts {"kind": …} that the view puts into words, so that a change of language
    reaches them too.
    """

    def __init__(self, turn_id, role, text="", state="success"):
        self.id = turn_id
        self.role = role
        self.state = state
        self.activity = None
        self.agent = None
        self.model = None
        self.options = {}
        self.meta = {}
        self.notes = []
        self.path = []
        self.at = None
        self.progress = 0
        self.error = None
        self.attempts = 0
        self.request = None
        self.asked_at = None
        self.first_token_ms = None
        self.version = 0
        self._pieces = [text] if text else []

    @property
    def text(self):
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @text.setter
    def text(self, value):
        self._pieces = [value] if value else []

    @property
    def silent(self):
        """Nothing was said yet. Asks less of memory than ``not text``, which joins the pieces."""
        return not self._pieces

    def append(self, piece):
        self._pieces.append(piece)

    @property
    def busy(self):
        return self.state in BUSY

    def note(self, **note):
        if note not in self.notes:
            self.notes.append(note)

    def reset(self):
        """Back to the queue, for another attempt."""
        self.state, self.activity, self.error = "queued", None, None
        self.agent = self.model = self.first_token_ms = self.asked_at = self.request = None
        self.meta, self.notes, self._pieces = {}, [], []
        self.path, self.at, self.progress = [], None, 0


class Conversation:
    """Turns in order: a user's turn is followed by the assistant's."""

    def __init__(self, conversation_id, turns=None, updated=""):
        self.id = conversation_id
        self.turns = turns or []
        self.updated = updated

    def turn(self, turn_id):
        for turn in reversed(self.turns):
            if turn.id == turn_id:
                return turn
        return None

    def answering(self, request_id):
        """The answer that waits for this request, or None. Each attempt is a request of its own,
        so what a stopped one still sends reaches nobody."""
        for turn in reversed(self.turns):
            if turn.request == request_id and turn.busy:
                return turn
        return None

    def question_of(self, answer):
        """The user's turn before ``answer``, or None."""
        place = self.turns.index(answer)
        return self.turns[place - 1] if place else None

    @property
    def current(self):
        """The answer that is under way, or None."""
        for turn in reversed(self.turns):
            if turn.role == "assistant" and turn.busy:
                return turn
        return None

    def history(self, answer):
        """What was said before ``answer``'s question, as the engine wants it.

        Questions without an answer are left out, with the failed answer: the model would
        otherwise be asked to continue something that it never said.
        """
        said = []
        place = self.turns.index(answer) - 1
        for index in range(0, place - 1):
            question, reply = self.turns[index], self.turns[index + 1]
            if question.role != "user" or reply.role != "assistant":
                continue
            if reply.state in ("success", "cancelled") and reply.text.strip():
                said.append({"role": "user", "content": question.text})
                said.append({"role": "assistant", "content": reply.text})
        return said[-HISTORY_TURNS:]

    @property
    def title(self):
        """The first question's first line, at most 60 characters."""
        for turn in self.turns:
            if turn.role == "user":
                line = turn.text.strip().split("\n")[0].strip()
                return line if len(line) <= 60 else line[:59].rstrip() + "…"
        return ""

    def dump(self):
        turns = []
        for turn in self.turns:
            row = {"id": turn.id, "role": turn.role, "text": turn.text, "state": turn.state}
            for key in ("agent", "model", "options", "meta", "notes", "error"):
                value = getattr(turn, key)
                if value:
                    row[key] = value
            turns.append(row)
        return {"format": FORMAT, "id": self.id, "updated": self.updated, "turns": turns}


def load(stored, resume=False):
    """A Conversation from ``dump``'s form; None when it can't be used.

    An answer that was under way when the page went away is ``cancelled``, with what it had
    said; with ``resume`` (the page reloaded itself, the person stopped nothing) it is queued.
    """
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        return None
    turns = []
    for row in stored.get("turns") or []:
        if not isinstance(row, dict) or row.get("role") not in ("user", "assistant"):
            return None
        text, state = row.get("text"), row.get("state")
        if not isinstance(text, str) or state not in TURN_STATES or not isinstance(row.get("id"), str):
            return None
        turn = Turn(row["id"], row["role"], text, state)
        turn.agent, turn.model, turn.error = row.get("agent"), row.get("model"), row.get("error")
        turn.options, turn.meta = row.get("options") or {}, row.get("meta") or {}
        turn.notes = row.get("notes") or []
        for note in turn.notes:
            note.pop("undo", None)
        if turn.busy and resume:
            turn.reset()
        elif turn.busy:
            turn.state = "cancelled"
            turn.note(kind="interrupted")
        turns.append(turn)
    return Conversation(stored.get("id") or "", turns, stored.get("updated") or "")
