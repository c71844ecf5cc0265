"""Holds everything that the page shows, as plain data. The reducer changes it, the views draw it."""

READING = ("preparing", "speaking")
"""How an answer is read aloud: its first words are on their way, or it speaks."""

SAMPLE = "sample"
"""The id of what the settings let a person hear, in place of an answer's."""


class Load:
    """A model on its way into memory. ``phase`` as in the protocol, or ``paused``, ``failed``."""

    def __init__(self, model):
        self.model = model
        self.version = ""
        self.phase = "initializing"
        self.loaded = 0
        self.total = 0
        self.speed = None
        self.seconds_left = None
        self.from_storage = False
        self.shards = []
        self.error = None

    @property
    def active(self):
        return self.phase not in ("ready", "paused", "failed")


class ViewState:
    """``engine`` is the page's ``data-engine``. ``dirty`` names what has to be drawn again:
    a turn's id, or "load", "status", "notices", "names", "upgrade", "turns" (the list itself changed)."""

    def __init__(self, conversation):
        self.conversation = conversation
        self.engine = "booting"
        self.router = "keyword"
        self.boot_phase = "python"
        self.install = None  # (bytes done, bytes in all) while the shell is put on the device
        self.failure = None  # the key of the sentence that says why the engine failed
        self.limits = []  # keys of sentences: what doesn't work here
        self.restarting = False
        self.device = {}  # the parts of the engine's status, as they are now (``parts``)
        self.agents = []  # rows of the status, as ``AgentFactory.describe`` writes them
        self.agent_titles = {}
        self.model_titles = {}
        self.weak_told = set()
        self.model_languages = {}
        self.model_sizes = {}
        self.upgrade = None  # the last event about what comes in the background
        self.language_noted = False  # said once a visit: the model wasn't taught the person's language
        self.offer_load = False  # the model waits for a word from the person (data saver)
        self.backend = None
        self.model = None
        self.load = None
        self.attached_bytes = 0  # of the files that conversations and drafts name
        self.listening = False  # the engine hears the microphone, and no recording meanwhile
        self.reading = None  # (turn id, how): what is read aloud, or why it wasn't
        self.notices = []  # dicts {"kind": …}, each with the words' key or a fallback
        self.dirty = set()

    def model_name(self, model):
        return self.model_titles.get(model) or model

    def known_name(self, model):
        """As ``model_name``, but "" until the engine has sent the names: an id is no name to show."""
        return self.model_name(model) if self.model_titles else ""

    def is_sense(self, model):
        """Whether it sees or hears for others, and answers nothing by itself."""
        return any([row["id"] == model for row in self.device.get("senses") or []])

    def model_size(self, model):
        """Bytes to download, as the registry says; None where it doesn't."""
        return self.model_sizes.get(model)

    @property
    def router_status(self):
        """name, loading, corrections, problem and agents."""
        return self.device.get("router") or {}

    def reads(self, turn_id):
        """Whether this answer is read aloud; None: whether anything is."""
        return self.reading is not None and self.reading[1] in READING and turn_id in (None, self.reading[0])

    def how_read(self, turn_id):
        """Of ``READING``, the key of the words that say why it ended, or None."""
        return self.reading[1] if self.reading and self.reading[0] == turn_id else None

    def read(self, turn_id, how):
        """This answer is read aloud, or isn't for the reason ``how``. None, None: nothing is read."""
        if self.reading:
            self.touch(self.reading[0])
        self.reading = (turn_id, how) if turn_id else None
        if turn_id:
            self.touch(turn_id)

    def listens(self, begins):
        """The engine begins to hear the microphone, or no longer does."""
        self.listening = begins
        current = self.conversation.current
        if current:
            current.version += 1
            self.touch(current.id)

    def waits_for_microphone(self, turn):
        """Whether the recording of its question is heard once nobody speaks into the microphone any more."""
        return self.listening and turn.heard is None and turn.state == "loading" and self._has_recording(turn)

    @property
    def asks_recording(self):
        """Whether the question that is being answered has a recording, which the engine hears before all else."""
        current = self.conversation.current
        return current is not None and self._has_recording(current)

    @property
    def hears_recording(self):
        """Whether it is heard now: what the microphone records waits for that."""
        current = self.conversation.current
        return self.asks_recording and current.activity == "listening"

    def _has_recording(self, turn):
        question = self.conversation.question_of(turn)
        return question is not None and any([each.get("kind") == "audio" for each in question.attached])

    def touch(self, *names):
        for name in names:
            self.dirty.add(name)

    def take_dirty(self):
        names, self.dirty = self.dirty, set()
        return names

    def limit(self, key):
        """Something doesn't work here: said once, and ``ready`` becomes ``degraded``."""
        if key not in self.limits:
            self.limits.append(key)
            self.notice(kind=key)
        if self.engine == "ready":
            self.engine = "degraded"
        self.touch("status", "notices")

    def notice(self, **notice):
        if notice not in self.notices:
            self.notices.append(notice)
        self.touch("notices")

    def drop_notice(self, kind):
        self.notices = [notice for notice in self.notices if notice["kind"] != kind]
        self.touch("notices")
