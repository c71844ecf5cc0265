"""Holds what is attached to the message that is being written, and brings it to the engine with its question.

The files themselves stay in JavaScript (bridge/page/attachments.js, handed in as ``openAttachments``); here are their
facts: dicts {id, kind, name, size, width, height}, as a turn keeps them in ``attached``.
"""

import json

from ui.asking.thumbnails import Thumbnails
from ui.base.json_text import read
from ui.base.sheet import Sheet
from ui.words import formatting

MOST = 4
"""Files of one kind that a question may name: ``InferOptions.images`` and ``audio``."""
CAPABILITY = {"image": "vision", "audio": "speech-to-text"}
"""Of an agent that takes files of this kind."""
ACCEPT = {
    "image": "image/jpeg,image/png,image/webp,image/gif,image/avif,image/bmp",
    "audio": "audio/wav,audio/mpeg,audio/ogg,audio/mp4,audio/webm,audio/flac,.wav,.mp3,.ogg,.m4a,.webm,.flac",
}
"""Without HEIC, which iOS then turns into JPEG itself."""
CONVERSATION = "orion-conversation.json"
FACTS = ("id", "kind", "name", "size", "width", "height")
OPTION = {"image": "images", "audio": "audio"}


def taken_kinds(agents):
    """The kinds that some agent takes which can answer. ``agents``: rows of the engine's status."""
    able = [each for row in agents if row.get("available") for each in row.get("capabilities") or []]
    return [kind for kind, capability in CAPABILITY.items() if capability in able]


def options(attached):
    """The part of an ``infer`` request's options that names these files."""
    named = {}
    for file in attached:
        named.setdefault(OPTION[file["kind"]], []).append(file["id"])
    return named


class Attachments:
    """``page``: the App, whose state and other parts are used by their names. ``items``: what is attached."""

    def __init__(self, page):
        self._page, self._state, self._words, dom = page, page.state, page.words, page.dom
        self._dom = dom
        self.items = []
        self._coming = []  # calls: files that are being examined
        self._here = []  # ids of files that ``gathered`` need not ask for
        self._says = []  # (key, values) of each sentence of the note
        self._list, self._note, self._drop = dom.by_id("attached"), dom.by_id("attach-note"), dom.by_id("drop-here")
        self._button, self._camera = dom.by_id("attach"), dom.by_id("photograph")
        self._sheet, self._whole = Sheet(dom, "picture"), dom.by_id("picture-whole")
        self._files = page.bridge.openAttachments(self._heard)
        self.thumbnails = Thumbnails(dom, page.words, lambda image, file: self._files.show(image, file, False))
        dom.on(self._button, "click", lambda _event: self.choose())
        dom.on(self._camera, "click", lambda _event: self._choose("attach-photo", ["image"]))
        dom.on(self._list, "click", self._clicked)
        dom.on(self._list, "keydown", self._key)

    @property
    def kinds(self):
        return taken_kinds(self._state.agents)

    # what the person attaches

    def choose(self):
        """Opens the system's dialog, which browsers allow only as what a person's press does."""
        self._choose("attach-files", self.kinds)

    def _choose(self, name, kinds):
        self._files.choose(self._dom.by_id(name), ",".join([ACCEPT[kind] for kind in kinds]))

    def _heard(self, text):
        message = read(text)
        _HEARS[message["what"]](self, message)

    def _comes(self, message):
        if not self._coming:  # several files that come together: what is said of one stays
            self._says = []
        self._coming.append(message["call"])
        self.draw()

    def _ready(self, file):
        self._coming.remove(file["call"])
        kind, name = file["kind"], file["name"]
        if kind not in self.kinds:
            self._add("attach_unable_" + kind, name=name)
        elif file["id"] in [each["id"] for each in self.items]:
            self._add("attach_twice", name=name)
        elif len([each for each in self.items if each["kind"] == kind]) >= MOST:
            self._add("attach_most", most=MOST)
        else:
            self.items = self.items + [{fact: file[fact] for fact in FACTS if fact in file}]
            if kind == "image":  # a recording has to be decoded first
                self._here.append(file["id"])
            self._page.keeping.drafts.attached(self.items)
            self._files.keep(json.dumps([file["id"]]))
            if file.get("animated"):
                self._add("attach_first_frame", name=name)
            elif kind == "audio":
                self._add("attach_speaks")
            self._page.announce(self._words("attach_added", name=name))
        self.draw()

    def _refused(self, message):
        self._coming.remove(message["call"])
        facts = {fact: formatting.whole(message.get(fact) or 0, self._words) for fact in ("width", "height", "most")}
        self._add("attach_" + message["fault"], name=message["name"], **facts)
        self.draw()

    def _dragged(self, message):
        self._drop.hidden = not message["over"]
        self._drop.textContent = self._words("drop_here" if self.kinds else "attach_unable")

    def _address(self, _message):
        self._say("attach_address" if self.kinds else "attach_unable")

    def _trouble(self, message):
        if message["why"] == "quota":
            self._state.notice(kind="no_attachment_room")
        else:
            self._state.limit("no_history")
        self._page.redraw()

    # the list in the message box

    def fill(self, files):
        """In place of what is attached: of a draft, or of an earlier question."""
        self.items = list(files)
        lost = [file["id"] for file in self.items if file["id"] not in self._here]
        if lost:
            self._files.gather(json.dumps(lost))
        self.draw()

    def take(self):
        """What is attached, which goes with the message that is sent now."""
        taken, self.items = self.items, []
        self._say(None)
        self.draw()
        return taken

    @property
    def speaks(self):
        """Whether a recording is attached: what is said in it may be the message."""
        return "audio" in [file["kind"] for file in self.items]

    def may_send(self):
        """Whether the message can be sent with what is attached; if not, it says what is missing."""
        if self._coming:
            self._say("attach_wait")
        elif [kind for kind in CAPABILITY if len([each for each in self.items if each["kind"] == kind]) > MOST]:
            self._say("attach_most", most=MOST)
        elif not self.speaks and self.items and not self._page.views.composer.text.strip():
            self._say("attach_no_text")
        else:
            self._say(None)
            return True
        return False

    def _say(self, key, **values):
        """``key`` alone; None: nothing more."""
        self._says = [(key, values)] if key else []
        self._show_note()

    def _add(self, key, **values):
        """``key`` behind what is said of other files that came with this one."""
        if (key, values) not in self._says:
            self._says.append((key, values))

    def _show_note(self):
        self._note.hidden = not self._says
        self._note.textContent = "\n".join([self._words(key, **values) for key, values in self._says])

    def draw(self):
        """Also again where the language or the agents changed."""
        kinds = self.kinds
        touch = self._page.platform.window.matchMedia("(pointer: coarse)").matches
        self._button.hidden = not kinds
        self._camera.hidden = "image" not in kinds or not touch
        self._show_note()
        self._list.replaceChildren()
        self._list.hidden = not self.items and not self._coming
        for file in self.items:
            row = self._dom.el("li", "attached", attributes={"data-file": file["id"]})
            row.appendChild(self.thumbnails.of(file))
            label = self._words("attach_remove", name=file["name"])
            row.appendChild(self._dom.button("remove", label, "close", "icon remove"))
            self._list.appendChild(row)
        for _ in self._coming:
            self._list.appendChild(
                self._dom.el("li", "attached coming", None, {"aria-label": self._words("attach_reading")})
            )

    def _clicked(self, event):
        button = event.target.closest("[data-action]")
        if button:
            file = button.closest("li").dataset.file
            if button.dataset.action == "remove":
                self._remove(file)
            else:
                self.enlarge(self.items, file)

    def _key(self, event):
        row = event.target.closest("li")
        if row and event.key in ("Delete", "Backspace"):
            event.preventDefault()
            self._remove(row.dataset.file)

    def _remove(self, file):
        place = [each["id"] for each in self.items].index(file)
        name = self.items[place]["name"]
        self.items = [each for each in self.items if each["id"] != file]
        self._page.keeping.drafts.attached(self.items)
        self._page.keeping.chats.sweep([file])
        self._say(None)
        self.draw()
        buttons = self._dom.all(".remove", self._list)
        if buttons:
            buttons[min(place, len(buttons) - 1)].focus()
        else:
            self._page.views.composer.box.focus()
        self._page.announce(self._words("attach_removed", name=name))

    # a picture in full

    def enlarge(self, attached, file):
        name = next(each["name"] for each in attached if each["id"] == file)
        self._whole.removeAttribute("src")
        self._whole.setAttribute("alt", name)
        self._dom.by_id("picture-name").textContent = name
        self.show_whole(self._whole, file)
        self._sheet.open()

    def show_whole(self, image, file):
        """Gives an ``<img>`` all of a picture; one that is gone gets the attribute data-gone."""
        self._files.show(image, file, True)

    # on the way to the engine

    def gathered(self, attached):
        """Whether these files are in memory, from where the engine gets them. If not they are fetched, and the
        question that waits is sent then; the engine says of one that is gone what to do."""
        wanted = [file["id"] for file in attached if file["id"] not in self._here]
        if not wanted:
            return True
        self._files.gather(json.dumps(wanted))
        return False

    def _found(self, message):
        self._here = self._here + [each for each in message["ids"] if each not in self._here]
        lost = [each for each in self.items if each["id"] in message["missing"]]
        if lost:  # of a draft whose files this browser could not keep
            self.items = [each for each in self.items if each not in lost]
            self._page.keeping.drafts.attached(self.items)
            self._say("attach_lost", name=lost[0]["name"])
            self.draw()
        self._page.asking.pump()
        self._here = [each for each in self._here if each not in message["missing"]]

    # what is kept

    def keep(self, attached):
        """A question with these files is stored: they are, too, whatever was deleted meanwhile."""
        self._files.keep(json.dumps([file["id"] for file in attached]))

    def forget(self, ids):
        """Nothing names these files any more."""
        self._here = [each for each in self._here if each not in ids]
        self._files.forget(json.dumps(ids))

    def export(self, text):
        """Saves a conversation, the JSON ``text`` of ``Conversation.dump``, with its files."""
        self._files.export(CONVERSATION, text)

    def count(self):
        """Has the settings say how much the files take."""
        self._files.count()

    def _counted(self, message):
        self._state.attached_bytes = message["bytes"]
        self._page.settings.redraw()


_HEARS = {
    "coming": Attachments._comes,
    "ready": Attachments._ready,
    "refused": Attachments._refused,
    "gathered": Attachments._found,
    "trouble": Attachments._trouble,
    "over": Attachments._dragged,
    "address": Attachments._address,
    "bytes": Attachments._counted,
}
