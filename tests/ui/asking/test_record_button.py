"""The button stands where an agent hears; what records comes with its first press, and other keys end it."""

from __future__ import annotations

from tests.ui.asking.microphones import Page
from ui.asking.record_button import RecordButton


class Scene(Page):
    def __init__(self, refused: bool = False) -> None:
        super().__init__(refused=refused)
        self.record = RecordButton(self)

    def presses(self) -> Scene:
        self.node("record").fire("click")
        return self


def test_it_is_there_where_an_agent_hears() -> None:
    page = Scene()
    page.record.draw()
    assert not page.node("record").hidden
    page.attachments.kinds = ["image"]
    page.record.draw()
    assert page.node("record").hidden


def test_its_first_press_begins_and_its_second_ends() -> None:
    page = Scene().presses()
    page.microphone.says("open")
    assert page.microphone.did == ["start"]
    page.presses()
    assert page.microphone.did == ["start", "stop"]


def test_what_records_and_cannot_be_brought_is_told() -> None:
    page = Scene(refused=True).presses()
    assert page.note.startswith("What records couldn’t be loaded.")
    assert page.record.may_send()


def test_a_message_waits_for_what_is_being_said() -> None:
    page = Scene()
    assert page.record.may_send()
    page.presses().microphone.says("open")
    assert not page.record.may_send()
    assert page.microphone.did == ["start", "stop"]
    page.microphone.says("closed", why="")
    page.client.says("final", "listen-1", text="Go on.")
    page.client.says("result", "listen-1", payload={})
    assert page.composer.sent == ["Go on."]
    assert page.record.may_send()


def test_escape_and_leaving_end_a_recording_and_nothing_else() -> None:
    page = Scene()
    page.record.left()
    assert not page.record.escape()
    page.presses().microphone.says("open")
    assert page.record.escape()
    assert page.microphone.did == ["start", "stop"]


def test_there_is_one_listening_for_all_who_listen() -> None:
    page, found = Scene(), []
    page.record.with_listening(found.append)
    page.record.with_listening(found.append)
    assert found[0] is found[1]
