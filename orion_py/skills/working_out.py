"""Works a problem out step by step, and goes on from what is true.

The evaluator checks each equation as it streams. Where the model wrote a wrong result, the answer ends with the right
one and the model goes on from there: what it writes next follows from the corrected line, not from its mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from orion_py.arithmetic.verify import FirstCorrection
from orion_py.skills.base import Ask, Said, Working

MOST_CORRECTIONS = 6
"""More wrong results than these are no slips."""


@dataclass(frozen=True, slots=True)
class WorkingOut:
    """``french``: how numbers are written."""

    french: bool

    async def __call__(self, working: Working) -> bool:
        """A ``skills.base.Skill``: answers every question."""
        await work_out(working, self.french, Ask(working.query, alone=False, shown=True))
        return True


async def work_out(working: Working, french: bool, ask: Ask) -> Said:
    """What the model works out when it is asked ``ask``, with every wrong result put right. Its prefix and its
    transform are set here."""
    text, corrected = "", 0
    stages = _Stages(french)
    while True:
        resumes = ask.shown and bool(text)
        said = await working.ask(replace(ask, prefix=text, resumes=resumes, transform=stages.made))
        text = said.text
        if not stages.corrected or said.finish != "stop":
            break
        corrected += 1
        if corrected == MOST_CORRECTIONS:
            break
    if ask.shown:
        working.note("corrected", corrected)
    return said


class _Stages:
    """The stages of one answer: it gets another one each time that it is begun again."""

    def __init__(self, french: bool) -> None:
        self._french = french
        self._last: FirstCorrection | None = None

    def made(self) -> FirstCorrection:
        self._last = FirstCorrection(self._french)
        return self._last

    @property
    def corrected(self) -> bool:
        """Whether the last answer ended with a result put right."""
        return self._last is not None and self._last.done
