"""A question that a skill answers, with a model and a sandbox that say what a test has them say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orion_py.protocol import FinishReason, SkillStep
from orion_py.runtime.code_runner import Ran
from orion_py.skills.base import Ask, Said


class PlayedWorking:
    """``says``: what the model answers, ask after ask, without the ask's prefix. ``runs``: what comes of programs."""

    def __init__(
        self,
        query: str,
        says: Sequence[str] = (),
        runs: Sequence[Ran] = (),
        *,
        french: bool = False,
        can_run: bool = True,
        finish: FinishReason = "stop",
        history: Sequence[tuple[str, str]] = (),
        vectors: Any = None,
    ) -> None:
        self.query, self.french, self.can_run, self.history = query, french, can_run, list(history)
        self.models = ["tiny"]
        self._says, self._runs, self._finish, self._vectors = list(says), list(runs), finish, vectors
        self.shown = ""
        self.asks: list[Ask] = []
        self.programs: list[str] = []
        self.steps: list[SkillStep] = []
        self.notes: dict[str, Any] = {}
        self.revisions: list[str] = []

    async def ask(self, ask: Ask) -> Said:
        self.asks.append(ask)
        said = self._says.pop(0)
        if ask.transform is not None:
            stage = ask.transform()
            said = "".join("" if stage.done else stage.push(letter) for letter in said)
            said += "" if stage.done else stage.finish()
        text = ask.prefix + said
        for stop in ask.stops:
            text = ask.prefix + text[len(ask.prefix) :].split(stop)[0]
        if ask.shown:
            self.shown += text[len(ask.prefix) :] if ask.resumes else text
        return Said(text, self._finish, "tiny", len(text))

    async def run(self, code: str, seconds: float = 5.0) -> Ran:
        self.programs.append(code)
        return self._runs.pop(0)

    async def embed(self, texts: Sequence[str]) -> Any:
        return None if self._vectors is None else [self._vectors(text) for text in texts]

    def say(self, text: str) -> None:
        self.shown += text

    def revise(self, text: str) -> None:
        self.revisions.append(text)
        self.shown = text

    def step(self, name: SkillStep) -> None:
        self.steps.append(name)

    def note(self, name: str, value: Any) -> None:
        self.notes[name] = value
