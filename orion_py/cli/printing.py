"""Prints an answer to a terminal or a file as it streams, and how it ended."""

from __future__ import annotations

from typing import TextIO

from orion_py.cli.thoughtless import ThoughtlessStream
from orion_py.generation.thoughts import answer_of
from orion_py.protocol import Event, Response, RevisionEvent, SkillStep, SkillStepEvent

ENDS = {
    "length": "The answer reached its greatest length and stops here.",
    "timeout": "The time for one answer ran out; it stops here.",
    "loop": "The model kept repeating itself. The answer ends where the repetition began.",
}
CHECKED = "The answer was checked, and this takes the place of what stands above:"
STEPS: dict[SkillStep, str] = {
    "reading": "reading the text",
    "choosing": "choosing what matters",
    "planning": "planning",
    "writing": "writing",
    "running": "running the program",
    "mending": "correcting the program",
    "checking": "checking the answer",
}
AGAIN = "The model began to repeat itself. The repetition is taken back, and the answer goes on from here:"


class AnswerPrinter:
    """Answers go to ``out``, notes to ``notes``. What a person sees can't be taken back, so after a
    loop a terminal gets the last line that stands once more. A file or a pipe gets the answer when it is
    whole: nothing that was taken back is in it. What a model thinks aloud before it answers is left out."""

    def __init__(self, out: TextIO, notes: TextIO) -> None:
        self._out, self._notes = out, notes
        self._streams = out.isatty()
        self._thoughtless = ThoughtlessStream()

    def piece(self, text: str) -> None:
        if self._streams:
            print(self._thoughtless.piece(text), end="", flush=True, file=self._out)

    def revised(self, event: RevisionEvent) -> None:
        """``stream``'s ``on_revision``."""
        if self._streams and event.reason == "skill":
            print(f"\n[{CHECKED}]", flush=True, file=self._notes)
            self._thoughtless = ThoughtlessStream()
            self.piece(event.content)
        elif self._streams and event.again:
            print(f"\n[{AGAIN}]", flush=True, file=self._notes)
            self.piece(event.content.rpartition("\n")[2])

    def hears(self, event: Event) -> None:
        """A subscriber of the engine's events: tells the step that a skill takes, where a person waits."""
        if self._streams and isinstance(event, SkillStepEvent):
            print(f"[{STEPS[event.step]}…]", flush=True, file=self._notes)

    def end(self, response: Response) -> None:
        print(self._thoughtless.rest() if self._streams else answer_of(response.content), flush=True, file=self._out)
        if note := ENDS.get(response.finish_reason):
            print(f"[{note}]", file=self._notes)
