"""Defines what a skill is, and what it may use while it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import FinishReason, SkillStep
from orion_py.runtime.base import Embedding
from orion_py.runtime.code_runner import Ran

if TYPE_CHECKING:
    from orion_py.generation.constraint import Constrain
    from orion_py.generation.stages import TextStage
    from orion_py.runtime.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Ask:
    """One question that a skill puts to the model. ``system`` "": the agent's own prompt. ``sampling``: over the
    agent's wishes, and in a step that isn't shown over the caller's too. ``attempt``: the same question with another
    one samples otherwise. ``examples``: pairs of a question and its answer that stand before this one, in place of the
    conversation. ``prefix``: what the answer begins with. ``alone``: without the conversation's earlier turns.
    ``transform``: makes what changes the text as it streams.
    ``resumes``: the prefix is what is shown already, and the text goes on from it.
    ``constrain``: makes the rule for each token, of the tokenizer and of how many tokens the
    prompt has. ``shown``: the text
    streams to the person as it comes; else nobody sees it."""

    text: str
    system: str = ""
    max_tokens: int | None = None
    sampling: SamplingWishes = field(default_factory=SamplingWishes)
    attempt: int = 0
    prefix: str = ""
    stops: tuple[str, ...] = ()
    transform: Callable[[], TextStage] | None = None
    alone: bool = True
    constrain: Callable[[Tokenizer, int], Constrain] | None = None
    examples: tuple[tuple[str, str], ...] = ()
    shown: bool = False
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said, ``prefix`` included. ``finish``: why it ended; "timeout": the question's time is up, and a
    skill ends with what it has. ``model``: the id of the one that answered, which a failure may change."""

    text: str
    finish: FinishReason
    model: str
    tokens: int


class Working(Protocol):
    """A question while a skill answers it. All methods raise Cancelled when the person stops it."""

    @property
    def query(self) -> str: ...

    @property
    def french(self) -> bool:
        """Whether the answer is to be in French; else in English or as the question has it."""
        ...

    @property
    def history(self) -> Sequence[tuple[str, str]]:
        """The earlier turns, oldest first: "user" or "assistant", and the text."""
        ...

    @property
    def models(self) -> Sequence[str]:
        """The ids of the models that may answer, the next one first."""
        ...

    @property
    def shown(self) -> str:
        """What the person sees of the answer so far."""
        ...

    @property
    def can_run(self) -> bool:
        """Whether ``run`` works here."""
        ...

    async def ask(self, ask: Ask) -> Said:
        """Has the model answer. Raises as an answer without a skill does."""
        ...

    async def run(self, code: str, seconds: float = 5.0) -> Ran:
        """Runs Python in the sandbox, apart from the engine and without a network, for so many seconds at most.
        Raises NoSandbox where nothing here can."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Embedding] | None:
        """The sentence encoder's vectors, [512] each; None while the encoder isn't in memory, or when it fails."""
        ...

    def say(self, text: str) -> None:
        """Appends to the answer that the person sees."""
        ...

    def revise(self, text: str) -> None:
        """Puts ``text`` in place of all that the person sees so far."""
        ...

    def step(self, name: SkillStep) -> None:
        """Tells the person what is done now."""
        ...

    def note(self, name: str, value: Any) -> None:
        """Adds to the response's notes, for programs: anything that JSON can hold."""
        ...


Skill = Callable[[Working], Awaitable[bool]]
"""Answers by ``say`` and ``revise``. False: it can't answer this question, and has shown nothing; the model answers it
as without a skill."""
