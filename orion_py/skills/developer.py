"""Writes a Python function, tries it with the question's examples or tests of its own, and mends it.

The draft streams at once. Then it runs in the sandbox; where it fails, the model gets the fault and writes it anew, and
what passes more takes the draft's place. Below the answer stands what ran and what came of it. A test that
the model wrote may itself be wrong: it counts only where the program's first or second form passes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orion_py.generation.sampling import SamplingWishes
from orion_py.skills.base import Ask, Working
from orion_py.skills.developer_words import WORDS, told
from orion_py.skills.examples import assertions_in, examples_in, function_in
from orion_py.skills.fenced import Block, blocks, replaced
from orion_py.skills.trial import Trial, definitions, program, read, why_not_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from orion_py.generation.stages import TextStage

OWN_TESTS = 3
OWN_TEST_TOKENS = 160
MEND_TOKENS = 512
REDRAFTS, REDRAFTS_BY_EXAMPLES = 1, 3
"""How often it is written anew: the person's own examples are worth more time than tests that the model wrote."""
FREELY = SamplingWishes(temperature=0.8, top_p=0.95)
SECONDS = 5.0
PYTHON = ("python", "py", "python3", "")


@dataclass(frozen=True, slots=True)
class Developer:
    """``prefix`` and ``transform``: as the code agent's own answer has them."""

    prefix: str = ""
    transform: Callable[[], TextStage] | None = None

    async def __call__(self, working: Working) -> bool:
        """A ``skills.base.Skill``: declines where nothing can run programs."""
        if not working.can_run:
            return False
        draft = await working.ask(
            Ask(working.query, prefix=self.prefix, transform=self.transform, alone=False, shown=True)
        )
        block = _written(working.shown)
        if draft.finish != "stop" or block is None:
            return True
        given = examples_in(working.query)
        why = why_not_run(block.code)
        if why:
            working.note("developer", {"first": block.code, "ran": False, "why": why})
            if given:
                working.say("\n\n" + told(working.french, "not_run", why=WORDS[working.french][why]))
            return True
        await _Session(working, block, given).finish()
        return True


class _Session:
    """What follows a draft: its tests, its trial, and its mending."""

    def __init__(self, working: Working, block: Block, given: list[str]) -> None:
        self._working, self._block, self._given = working, block, given
        self._name = function_in(working.query) or next(iter(definitions(block.code)), "")

    async def finish(self) -> None:
        working, first = self._working, self._block.code
        own = [] if self._given else await self._own_tests()
        tests = self._given or own
        trial = await self._tried(first, tests)
        if not tests and not trial.crash:
            working.note("developer", {"first": first, "final": first, "tests": [], "ran": True})
            return
        final, last, mended = first, trial, False
        if not trial.whole:
            final, last, mended = await self._mended(first, trial, tests)
        if mended:
            working.revise(replaced(working.shown, self._block, final))
        if not self._given:
            # Neither form passes it: the test is as likely wrong as the program.
            tests, last = _without_failed(tests, last)
        working.note(
            "developer",
            {
                "first": first,
                "final": final,
                "tests": tests,
                "faults": list(last.faults),
                "mended": mended,
                "ran": True,
            },
        )
        working.say(f"\n\n{self._verdict(tests, last, mended)}")

    async def _own_tests(self) -> list[str]:
        """Tests that the model writes from the question alone, before it is told of any fault."""
        if not self._name:
            return []
        working = self._working
        working.step("checking")
        said = await working.ask(
            Ask(
                f"{working.query}\n\n{WORDS[working.french]['tests'].format(name=self._name, count=OWN_TESTS)}",
                max_tokens=OWN_TEST_TOKENS,
                prefix=f"```python\nassert {self._name}(",
                stops=("\n```",),
            )
        )
        return assertions_in(said.text, self._name, OWN_TESTS)

    async def _tried(self, code: str, tests: list[str]) -> Trial:
        self._working.step("running")
        return read(await self._working.run(program(code, tests), SECONDS), tests)

    async def _mended(self, code: str, trial: Trial, tests: list[str]) -> tuple[str, Trial, bool]:
        """The best of ``code`` and what the model writes anew, with its trial, and whether it is new.

        A small model that is shown its own wrong program copies it; told only what failed, and drawn from more freely,
        it finds another way."""
        working, best, mended = self._working, (code, trial), False
        failed = [f"{test}: {why}" for test, why in zip(tests, trial.faults, strict=True) if why]
        fault = self._cause(trial.crash) or failed[0]
        tried = {code.strip()}
        for attempt in range(1, 1 + (REDRAFTS_BY_EXAMPLES if self._given else REDRAFTS)):
            working.step("mending")
            said = await working.ask(
                Ask(
                    WORDS[working.french]["mend"].format(query=working.query, fault=fault),
                    max_tokens=MEND_TOKENS,
                    sampling=FREELY,
                    attempt=attempt,
                    prefix="```python\n",
                    stops=("\n```",),
                )
            )
            again = _written(said.text)
            if said.finish == "timeout":
                break
            if again is None or again.code.strip() in tried or why_not_run(again.code):
                continue
            tried.add(again.code.strip())
            found = await self._tried(again.code, tests)
            if (not found.crash, found.passed) > (not best[1].crash, best[1].passed):
                best, mended = (again.code, found), True
            if found.whole:
                break
        return *best, mended

    def _cause(self, crash: str) -> str:
        """In words, where ``crash`` isn't an error's own."""
        return str(WORDS[self._working.french].get(crash, crash))

    def _verdict(self, tests: list[str], trial: Trial, mended: bool) -> str:
        """One line below the answer: what ran, and what came of it."""
        french = self._working.french
        lead = told(french, "mended") if mended else ""
        if trial.crash:
            return lead + told(french, "crash", why=self._cause(trial.crash))
        if not tests:
            return lead + told(french, "runs")
        kind = "examples" if self._given else "tests"
        if trial.whole:
            return lead + told(french, f"{kind}_pass", count=len(tests))
        return lead + told(french, f"{kind}_fail", count=len(tests), passed=trial.passed, why=_first(tests, trial))


def _first(tests: list[str], trial: Trial) -> str:
    return next((test.removeprefix("assert ") for test, why in zip(tests, trial.faults, strict=True) if why), "")


def _without_failed(tests: list[str], trial: Trial) -> tuple[list[str], Trial]:
    if trial.crash:
        return tests, trial
    kept = [test for test, why in zip(tests, trial.faults, strict=True) if not why]
    return kept, Trial(("",) * len(kept))


def _written(text: str) -> Block | None:
    """The block of Python that answers: the last one that defines something, and none that is cut off."""
    found = [block for block in blocks(text) if block.label in PYTHON and definitions(block.code)]
    return found[-1] if found else None
