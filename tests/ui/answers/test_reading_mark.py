"""An answer shows that it is read aloud, offers to stop, and says why it can't be read."""

from __future__ import annotations

from tests.ui.fake_dom import Element, dom
from tests.ui.speech import speak
from ui.answers.reading_mark import ReadingMark


def test_what_is_read_is_marked_and_its_button_is_pressed() -> None:
    made = dom()
    node = Element(made.document, "article")
    mark = ReadingMark(made, speak("fr"), node)
    button = mark.button()
    mark.draw("preparing")
    assert node.attributes["data-reading"] == "preparing"
    assert (mark.badge.hidden, mark.badge.textContent) == (False, "Lecture à voix haute…")
    assert mark.badge.attributes["aria-label"] == "Arrêter la lecture à voix haute"
    assert (button.attributes["aria-label"], button.attributes["aria-pressed"]) == ("Lire à voix haute", "true")
    mark.draw(None)
    assert "data-reading" not in node.attributes
    assert (mark.badge.hidden, mark.note.hidden, button.attributes["aria-pressed"]) == (True, True, "false")


def test_why_it_is_not_read_stands_under_it() -> None:
    made = dom()
    node = Element(made.document, "article")
    mark = ReadingMark(made, speak("en"), node)
    mark.draw("voice_none")
    assert (mark.badge.hidden, mark.note.hidden) == (True, False)
    assert mark.note.textContent.startswith("This browser has no voice on this device")
    assert mark.note.attributes["role"] == "alert"
    assert "data-reading" not in node.attributes
