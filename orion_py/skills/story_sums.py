"""Solves a problem told as a story in several ways, and takes the answer that most of them give.

The first working streams step by step, its equations checked. Then a program is written and run, and further workings
are drawn, until one answer is ahead (self-consistency, Wang et al. 2022, https://arxiv.org/abs/2203.11171, which stops
early as in Aggarwal et al. 2023, https://arxiv.org/abs/2305.11860). A small model's working and its program fail in
different places, so that what they agree on is more often right than either alone. Where the first working loses, the
one that won takes its place; below it stands how many agree, or that they don't.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orion_py.generation.sampling import SamplingWishes
from orion_py.skills.base import Ask, Working
from orion_py.skills.story import answer_of, written
from orion_py.skills.story_words import told
from orion_py.skills.trial import why_not_run
from orion_py.skills.working_out import work_out

MOST_DRAWS = 5
"""Ways that are tried in all. Each takes seconds, and more than these change few answers."""
LEAD = 2
"""An answer that is so many votes ahead isn't overtaken often."""
PROGRAMMERS = {"qwen2.5-coder-0.5b-instruct": 2}
"""How many votes a program of these models has, where a working has one: they solve more problems by program than step
by step (``foundry agents stories``), so that they are asked for further programs first."""
UNABLE = frozenset(("smollm2-135m-instruct",))
"""Models that solve hardly any problem in any way: for them further draws only take time."""
PROGRAMS = 3
"""So many programs of a model that is better at them; of another one."""
PROGRAM_TOKENS, STEPS_TOKENS = 256, 320
FREELY = SamplingWishes(temperature=0.7, top_p=0.95)
SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Draw:
    """One way to the answer. ``text``: what can be shown of it."""

    way: str
    answer: Decimal | None
    text: str


@dataclass(frozen=True, slots=True)
class StorySums:
    """``french``: how numbers are written."""

    french: bool

    async def __call__(self, working: Working) -> bool:
        """A ``skills.base.Skill``: answers every question."""
        if next(iter(working.models), "") in UNABLE:
            await work_out(working, self.french, Ask(working.query, alone=False, shown=True))
            return True
        weight = PROGRAMMERS.get(next(iter(working.models), ""), 1)
        asked = f"{working.query}\n\n{told(working.french, 'steps')}"
        first = await work_out(working, self.french, Ask(asked, alone=False, shown=True))
        draws = [Draw("steps", answer_of(first.text, self.french), first.text)]
        if first.finish == "timeout" or draws[0].answer is None:
            return True
        while len(draws) < MOST_DRAWS and not _decided(draws, weight):
            draw = await self._drawn(working, asked, draws, PROGRAMS if weight > 1 else 1)
            if draw is None:
                break
            draws.append(draw)
        self._shows(working, draws, weight)
        return True

    async def _drawn(self, working: Working, asked: str, draws: list[Draw], programs: int) -> Draw | None:
        """Another way; None where the time is up. ``programs``: how many are tried before a further working is."""
        if working.can_run and sum(draw.way == "program" for draw in draws) < programs:
            return await self._program(working, len(draws))
        working.step("checking")
        ask = Ask(asked, max_tokens=STEPS_TOKENS, sampling=FREELY, attempt=len(draws), alone=False)
        said = await work_out(working, self.french, ask)
        return None if said.finish == "timeout" else Draw("steps", answer_of(said.text, self.french), said.text)

    async def _program(self, working: Working, attempt: int) -> Draw | None:
        working.step("running")
        said = await working.ask(
            Ask(
                f"{working.query}\n\n{told(working.french, 'program')}",
                max_tokens=PROGRAM_TOKENS,
                sampling=FREELY if attempt > 1 else SamplingWishes(temperature=0.0),
                attempt=attempt - 1,
                prefix="```python\n",
                stops=("\n```",),
                alone=False,
            )
        )
        if said.finish == "timeout":
            return None
        code = said.text.removeprefix("```python\n").strip()
        if said.finish != "stop" or why_not_run(code):
            return Draw("program", None, "")
        ran = await working.run(code, SECONDS)
        # What a program prints has a decimal point in any language.
        answer = answer_of(ran.output, french=False) if ran.end == "done" else None
        shown = "" if answer is None else told(
            working.french, "by_program", code=code, answer=written(answer, self.french)
        )  # fmt: skip
        return Draw("program", answer, shown)

    def _shows(self, working: Working, draws: list[Draw], weight: int) -> None:
        votes = _votes(draws, weight)
        winner = votes[0][0]
        most = sum(draw.answer == winner for draw in draws)
        told_of = [_note(draw, self.french) for draw in draws]
        working.note("story", {"draws": told_of, "answer": written(winner, self.french), "votes": most})
        best = next(draw for draw in draws if draw.answer == winner)
        if best is not draws[0]:
            working.revise(best.text)
        if len(draws) == 1:
            return
        answer = written(winner, self.french)
        if most > 1:
            working.say("\n\n" + told(working.french, "agreed", agreed=most, tried=len(draws), answer=answer))
        else:
            others = ", ".join(written(other, self.french) for other, _ in votes[1:])
            if others:
                working.say("\n\n" + told(working.french, "unsure", others=others, answer=answer))


def _votes(draws: list[Draw], weight: int) -> list[tuple[Decimal, int]]:
    """The answers, those with most votes first; among equals the one that came first, and so the working that is shown
    already. ``weight``: the votes of a program."""
    votes: Counter[Decimal] = Counter()
    for draw in draws:
        if draw.answer is not None:
            votes[draw.answer.normalize()] += weight if draw.way == "program" else 1
    return votes.most_common()


def _decided(draws: list[Draw], weight: int) -> bool:
    """Whether two ways agree and their answer is ``LEAD`` votes ahead, or can't be overtaken."""
    votes = _votes(draws, weight)
    if not votes or sum(draw.answer == votes[0][0] for draw in draws) < 2:
        return False
    ahead = votes[0][1] - (votes[1][1] if len(votes) > 1 else 0)
    return ahead >= LEAD or ahead > MOST_DRAWS - len(draws)


def _note(draw: Draw, french: bool) -> dict[str, Any]:
    return {"way": draw.way, "answer": None if draw.answer is None else written(draw.answer, french)}
