"""Defines turns, the conversation they make, and its stored form. Pure."""

from ui.engine.scenes import kept_scenes

TURN_STATES = ("queued", "routing", "loading", "streaming", "success", "error", "cancelled")
BUSY = ("queued", "routing", "loading", "streaming")
FORMAT = 1
HISTORY_TURNS = 40


class Turn:
    """One side's turn. ``activity`` is the finer word for what is going on ("thinking", …).

    ``options`` is what the person chose for this answer: force_agent, style. ``attached`` are the files of a
    question: dicts {id, kind, name, size, width, height}. ``meta`` of a finished
    answer: backend, rate, first_token_ms, tokens, timings, recordings (what was heard in them), and of the
    routing reason, router, confidence, runner_up, probabilities. ``path`` lists the engine's states so far with
    their ms and ``at`` is the present one, ``progress`` how far it is in percent, ``heard`` how many seconds of
    the recordings are heard, and of how many; none of them is kept.
    ``notes`` are dicts {"kind": …} that the view puts into words, so that a change of language
    reaches them too. ``scenes``: what was found in the question's pictures (engine/scenes.py); ``looked``, which isn't
    kept, how far looking at them is: (picture, pictures, line, lines).

    Several tabs may show one turn. ``run`` names the attempt to answer it, ``owner`` the page that
    makes it, and ``remote`` says that this is another page. ``kept``: it is in the database, at the place
    ``seq``; ``fresh``: its attempt began here and isn't there yet; ``unsaved``: this page has to write it.
    """

    def __init__(self, turn_id, role, text="", state="success"):
        self.id = turn_id
        self.role = role
        self.state = state
        self.activity = None
        self.agent = None
        self.model = None
        self.options = {}
        self.attached = []
        self.meta = {}
        self.notes = []
        self.scenes = []
        self.looked = None
        self.path = []
        self.at = None
        self.progress = 0
        self.heard = None
        self.step = None
        self.error = None
        self.attempts = 0
        self.request = None
        self.asked_at = None
        self.first_token_ms = None
        self.version = 0
        self.seq = None
        self.run = self.owner = None
        self.remote = self.kept = self.fresh = self.unsaved = False
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
        self.scenes, self.looked = [], None
        self.path, self.at, self.progress, self.heard, self.step = [], None, 0, None, None
        self.remote = False

    def begin(self, run, owner):
        """An attempt of the page ``owner``; what an earlier one still writes is no longer this turn's."""
        self.run, self.owner, self.remote, self.fresh = run, owner, False, True

    def dump(self):
        row = {"id": self.id, "role": self.role, "text": self.text, "state": self.state}
        for key in ("agent", "model", "options", "meta", "notes", "error", "run", "owner", "attached", "scenes"):
            value = getattr(self, key)
            if value:
                row[key] = [plain(note) for note in value] if key == "notes" else value
        if self.attached:
            row["files"] = [each["id"] for each in self.attached]
        return row

    def take(self, row):
        """Becomes what ``row`` (of ``dump``'s form) says. False: nothing is different."""
        old = self.dump()
        self.state, self.text, self.activity = row["state"], row["text"], None
        self.agent, self.model, self.error = row.get("agent"), row.get("model"), row.get("error")
        self.options, self.meta = row.get("options") or {}, row.get("meta") or {}
        self.scenes = kept_scenes(row.get("scenes"))
        self.attached = [each for each in row.get("attached") or [] if isinstance(each, dict) and each.get("id")]
        undo = [note for note in self.notes if note.get("undo")]
        self.notes = [plain(note) for note in row.get("notes") or []]
        self.notes = [next((kept for kept in undo if plain(kept) == note), note) for note in self.notes]
        self.run, self.owner = row.get("run"), row.get("owner")
        different = self.dump() != old
        if different:
            self.version += 1
        return different


def plain(note):
    """A note as it is kept: only the page that learnt something can take it back."""
    return {key: value for key, value in note.items() if key != "undo"}


class Conversation:
    """Turns in order: a user's turn is followed by the assistant's. ``kept``: it is in the database;
    ``waiting`` are turns to be written next, and ``saving`` says that others are being written. ``late``
    is None, or while the conversation is read again what came to be read meanwhile. Of a ``deleted`` one
    nothing is written any more."""

    def __init__(self, conversation_id, turns=None, updated=""):
        self.id = conversation_id
        self.turns = turns or []
        self.updated = updated
        self.kept = self.saving = self.deleted = False
        self.waiting = []
        self.late = None

    def sort(self):
        """The order that all tabs have; what isn't in the database yet comes last. True: it changed."""
        kept = sorted([turn for turn in self.turns if turn.seq is not None], key=lambda turn: turn.seq)
        turns = kept + [turn for turn in self.turns if turn.seq is None]
        changed = [turn.id for turn in turns] != [turn.id for turn in self.turns]
        self.turns = turns
        return changed

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

    def pictures_before(self, answer):
        """The pictures of the question before ``answer``'s own, as its ``attached``."""
        before = [turn for turn in self.turns[: self.turns.index(answer) - 1] if turn.role == "user"]
        return [file for file in before[-1].attached if file.get("kind") == "image"] if before else []

    @property
    def current(self):
        """The answer that this page is making, or None."""
        for turn in reversed(self.turns):
            if turn.role == "assistant" and turn.busy and not turn.remote:
                return turn
        return None

    def history(self, answer=None):
        """What was said before ``answer``'s question (None: the next one), as the engine wants it.

        Questions without an answer are left out, with the failed answer: the model would
        otherwise be asked to continue something that it never said.
        """
        said = []
        place = self.turns.index(answer) - 1 if answer else len(self.turns)
        for index in range(0, place - 1):
            question, reply = self.turns[index], self.turns[index + 1]
            if question.role != "user" or reply.role != "assistant":
                continue
            if reply.state in ("success", "cancelled") and reply.text.strip():
                said.append({"role": "user", "content": question.text or heard_text(reply)})
                said.append({"role": "assistant", "content": reply.text})
        return said[-HISTORY_TURNS:]

    @property
    def title(self):
        for turn in self.turns:
            if turn.role == "user":
                return title_of(turn.text, turn.attached)
        return ""

    def dump(self):
        turns = [turn.dump() for turn in self.turns]
        return {"format": FORMAT, "id": self.id, "updated": self.updated, "turns": turns}


def heard_text(answer):
    """What the recordings said that ``answer`` answers."""
    return "\n\n".join([each["text"] for each in answer.meta.get("recordings") or [] if each.get("text")])


def title_of(text, attached=()):
    """A question's first line, at most 60 characters; without one the name of what is attached to it."""
    text = text.strip() or (attached[0]["name"] if attached else "")
    line = text.strip().split("\n")[0].strip()
    return line if len(line) <= 60 else line[:59].rstrip() + "…"


def is_turn(row):
    """Can a turn be made of what is stored?"""
    return (
        isinstance(row, dict)
        and row.get("role") in ("user", "assistant")
        and isinstance(row.get("id"), str)
        and isinstance(row.get("text"), str)
        and row.get("state") in TURN_STATES
    )


def load_turn(row):
    turn = Turn(row["id"], row["role"])
    turn.take(row)
    turn.version = 0
    turn.seq = row.get("seq")
    return turn


def load(stored):
    """A Conversation from ``dump``'s form; None when it can't be used."""
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        return None
    rows = stored.get("turns") or []
    if not all([is_turn(row) for row in rows]):
        return None
    return Conversation(stored.get("id") or "", [load_turn(row) for row in rows], stored.get("updated") or "")
