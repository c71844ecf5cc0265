"""What a person attaches to a message: examined, listed, removed, and refused in words where it can't be used."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.fake_dom import Document, Element
from tests.ui.speech import speak
from ui.asking.attachments import MOST, Attachments, options, taken_kinds
from ui.base.dom import Dom
from ui.chats.conversation import Conversation
from ui.engine.view_state import ViewState

EYES = {"id": "vision", "available": True, "capabilities": ["vision"]}
EARS = {"id": "speech", "available": True, "capabilities": ["speech-to-text"]}
IDS = ("attached", "attach-note", "drop-here", "attach", "photograph", "picture", "picture-whole", "picture-name")


class Files:
    """bridge/page/attachments.js: notes what it is asked to do."""

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *values: self.did.append((name, *values))


class Page:
    def __init__(self, lang: str = "en", *agents: dict[str, Any], touch: bool = False) -> None:
        self.state, self.words = ViewState(Conversation("chat")), speak(lang)
        self.state.agents = list(agents)
        self.files, self.said = Files(), list[str]()
        self.document = Document(*IDS, "attach-files", "attach-photo", "message")
        self.dom = Dom(self.document)
        window = SimpleNamespace(matchMedia=lambda query: SimpleNamespace(matches=touch))
        self.platform = SimpleNamespace(window=window)
        self.bridge = SimpleNamespace(openAttachments=self._open)
        self.drafted: list[list[str]] = []
        self.swept: list[list[str]] = []
        self.pumped = 0
        drafts = SimpleNamespace(attached=lambda files: self.drafted.append([file["id"] for file in files]))
        self.keeping = SimpleNamespace(drafts=drafts, chats=SimpleNamespace(sweep=self.swept.append))
        self.composer = SimpleNamespace(text="What is this?", box=self.node("message"))
        self.views = SimpleNamespace(composer=self.composer)
        self.asking = SimpleNamespace(pump=self._pump)
        self.settings = SimpleNamespace(redraw=lambda: None)
        self.redraw = lambda: None
        self.attachments = Attachments(self)
        self.attachments.draw()

    def _open(self, heard: Any) -> Files:
        self.tell = lambda **message: heard(json.dumps(message))
        return self.files

    def _pump(self) -> None:
        self.pumped += 1

    def announce(self, text: str) -> None:
        self.said.append(text)

    def node(self, name: str) -> Element:
        return self.document.getElementById(name)

    @property
    def note(self) -> str:
        return "" if self.node("attach-note").hidden else self.node("attach-note").textContent

    @property
    def names(self) -> list[str]:
        return [file["name"] for file in self.attachments.items]

    def attaches(self, name: str, call: int = 1, **facts: Any) -> None:
        self.tell(what="coming", call=call, name=name)
        found = {"id": name, "kind": "image", "size": 9, "width": 40, "height": 30, **facts}
        self.tell(what="ready", call=call, name=name, **found)


def test_it_is_offered_only_where_an_agent_takes_it() -> None:
    absent = EYES | {"available": False}
    assert [taken_kinds(rows) for rows in ([], [absent], [EYES], [EYES, EARS])] == [
        [],
        [],
        ["image"],
        ["image", "audio"],
    ]
    assert Page().node("attach").hidden
    assert Page("en", absent).node("attach").hidden
    assert not Page("en", EYES).node("attach").hidden
    assert [
        Page("en", *agents, touch=touch).node("photograph").hidden
        for agents, touch in (((EYES,), False), ((EYES,), True), ((EARS,), True), ((), True))
    ] == [True, False, True, True]


def test_what_is_attached_is_a_draft_before_it_is_stored() -> None:
    page = Page("en", EYES)
    page.attaches("cat.jpg")
    assert page.names == ["cat.jpg"]
    assert page.drafted == [["cat.jpg"]]
    assert ("keep", '["cat.jpg"]') in page.files.did
    assert page.attachments.items[0] == {
        "id": "cat.jpg",
        "kind": "image",
        "name": "cat.jpg",
        "size": 9,
        "width": 40,
        "height": 30,
    }
    assert page.said == ["cat.jpg is attached."]


def test_the_same_file_is_attached_once() -> None:
    page = Page("en", EYES)
    for call in (1, 2):
        page.attaches("cat.jpg", call)
    assert page.names == ["cat.jpg"]
    assert page.note == "“cat.jpg” is attached already."


def test_of_several_files_that_come_together_each_ones_fault_is_said() -> None:
    page = Page("en", EYES)
    for call, name in enumerate(["a.heic", "b.svg", "c.gif"]):
        page.tell(what="coming", call=call, name=name)
    page.tell(what="refused", call=0, name="a.heic", fault="heic")
    page.tell(what="refused", call=1, name="b.svg", fault="svg")
    page.tell(what="ready", call=2, name="c.gif", id="c", kind="image", size=9, width=40, height=30, animated=True)
    assert [line.partition("”")[0] for line in page.note.splitlines()] == ["“a.heic", "“b.svg", "“c.gif"]
    page.attaches("d.png", 3)
    assert page.note == ""


def test_an_address_that_is_dropped_is_refused_in_words() -> None:
    page = Page("en", EYES)
    page.tell(what="address")
    assert page.note.startswith("That is an address")


def test_a_file_that_is_too_heavy_is_told_how_heavy_it_may_be() -> None:
    page = Page("en", EYES, EARS)
    page.tell(what="coming", call=1, name="talk.wav")
    page.tell(what="refused", call=1, name="talk.wav", fault="heavy", most=220)
    assert "220 MB" in page.note


def test_more_than_the_engine_takes_are_refused_in_words() -> None:
    page = Page("en", EYES)
    for number in range(MOST + 1):
        page.attaches(f"{number}.png", number)
    assert len(page.names) == MOST
    assert page.note.startswith("At most 4 files")


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("fault", ["empty", "broken", "heic", "svg", "kind", "heavy", "large", "small", "unreadable"])
def test_each_fault_of_a_file_has_its_words(fault: str, lang: str) -> None:
    page = Page(lang, EYES)
    page.tell(what="coming", call=1, name="a.png")
    page.tell(what="refused", call=1, name="a.png", fault=fault, width=50_000, height=2)
    assert "a.png" in page.note
    assert "{" not in page.note
    assert page.names == []
    assert page.attachments.may_send(), "the question can go without it"


@pytest.mark.parametrize(
    ("kind", "words"), [("image", "can’t see pictures"), ("audio", "without the models that hear")]
)
def test_what_no_agent_takes_is_not_attached(kind: str, words: str) -> None:
    page = Page("en", EARS if kind == "image" else EYES)
    page.attaches("it", kind=kind)
    assert words in page.note
    assert page.names == []


def test_a_message_waits_for_a_file_that_is_being_read_and_for_words() -> None:
    page = Page("en", EYES)
    page.tell(what="coming", call=1, name="a.png")
    assert not page.attachments.may_send()
    assert "still being read" in page.note
    page.tell(what="ready", call=1, name="a.png", id="a", kind="image", size=1)
    assert page.attachments.may_send()
    page.composer.text = "  "
    assert not page.attachments.may_send()
    assert page.note == "Write what you want to know about it."


def test_only_the_first_frame_of_an_animation_is_looked_at_and_said_so() -> None:
    page = Page("en", EYES)
    page.attaches("cat.gif", animated=True)
    assert "only its first frame" in page.note


def test_the_note_changes_its_language_with_the_page() -> None:
    page = Page("en", EYES)
    page.attaches("cat.gif", animated=True)
    page.words.speak("fr")
    page.attachments.draw()
    assert "première image" in page.note


@pytest.mark.parametrize("by", ["button", "Delete", "Backspace"])
def test_one_is_removed_and_the_focus_goes_to_the_next(by: str) -> None:
    page = Page("en", EYES)
    for number, name in enumerate(("a", "b", "c")):
        page.attaches(name, number)
    listed = page.node("attached")

    def removes(name: str) -> None:
        row = next(row for row in listed.children if row.dataset.file == name)
        button = row.all(".remove")[0]
        if by == "button":
            listed.fire("click", button)
        else:
            listed.fire("keydown", button, key=by)

    removes("b")
    assert page.names == ["a", "c"]
    assert page.document.focused is listed.all(".remove")[1]
    assert page.swept == [["b"]]
    assert page.drafted[-1] == ["a", "c"]
    removes("c")
    removes("a")
    assert page.document.focused is page.composer.box
    assert listed.hidden


def test_what_goes_with_a_message_leaves_the_box() -> None:
    page = Page("en", EYES)
    page.attaches("cat.jpg")
    assert [file["name"] for file in page.attachments.take()] == ["cat.jpg"]
    assert page.names == []
    assert page.node("attached").hidden


def test_a_drafts_files_that_were_not_kept_are_taken_out_and_said() -> None:
    page = Page("en", EYES)
    page.attachments.fill([{"id": "a", "kind": "image", "name": "a.png", "size": 1}])
    assert ("gather", '["a"]') in page.files.did
    page.tell(what="gathered", ids=["a"], missing=["a"])
    assert page.names == []
    assert "couldn’t be kept" in page.note


def test_a_question_is_sent_once_its_files_are_in_memory_and_also_without_them() -> None:
    page = Page("en", EYES)
    asked = [{"id": "a", "kind": "image"}, {"id": "b", "kind": "image"}]
    assert not page.attachments.gathered(asked)
    ready: list[bool] = []
    page.asking.pump = lambda: ready.append(page.attachments.gathered(asked))
    page.tell(what="gathered", ids=["a", "b"], missing=["b"])
    assert ready == [True]
    assert not page.attachments.gathered(asked), "asked again, it is looked for again"


def test_a_recording_is_decoded_before_its_question_goes() -> None:
    page = Page("en", EARS)
    page.attaches("memo.wav", kind="audio")
    assert not page.attachments.gathered(page.attachments.items)


def test_where_files_are_dropped_says_so() -> None:
    for agents, words in (((EYES,), "Drop the files here"), ((), "can’t look at files yet")):
        page = Page("en", *agents)
        page.tell(what="over", over=True)
        assert not page.node("drop-here").hidden
        assert words in page.node("drop-here").textContent
        page.tell(what="over", over=False)
        assert page.node("drop-here").hidden


def test_without_room_the_page_says_that_it_stays_until_it_is_closed() -> None:
    page = Page("en", EYES)
    page.tell(what="trouble", why="quota")
    assert [notice["kind"] for notice in page.state.notices] == ["no_attachment_room"]


def test_a_picture_opens_in_full() -> None:
    page = Page("en", EYES)
    page.attaches("cat.jpg")
    page.node("attached").fire("click", page.node("attached").all(".thumb")[0])
    assert page.node("picture").open
    assert page.node("picture-name").textContent == "cat.jpg"
    assert ("show", page.node("picture-whole"), "cat.jpg", True) in page.files.did


def test_options_name_the_files_by_kind() -> None:
    files = [{"id": "a", "kind": "image"}, {"id": "b", "kind": "audio"}, {"id": "c", "kind": "image"}]
    assert options(files) == {"images": ["a", "c"], "audio": ["b"]}
    assert options([]) == {}


def test_a_recording_alone_may_be_sent_and_a_picture_alone_not() -> None:
    page = Page("en", EYES, EARS)
    page.composer.text = "  "
    page.attaches("cat.jpg")
    assert not page.attachments.may_send()
    assert page.note == "Write what you want to know about it."
    page.attaches("said.ogg", 2, kind="audio")
    assert page.attachments.speaks
    assert page.note.startswith("Send it as it is, and what is said in it is your message")
    assert page.attachments.may_send()
    page.attachments.take()
    assert not page.attachments.speaks
