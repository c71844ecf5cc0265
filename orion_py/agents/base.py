"""Defines what an agent is: a persona over a model, with its own prompt, sampling, limits and skills."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from orion_py.generation.sampling import SamplingWishes
from orion_py.generation.stages import TextStage
from orion_py.protocol import InferOptions
from orion_py.skills.base import Skill

if TYPE_CHECKING:
    from orion_py.generation.constraint import Constrain
    from orion_py.runtime.tokenizer import Tokenizer
    from orion_py.senses.scenes.sight import Scenes


@dataclass(frozen=True, slots=True)
class Brief:
    """How an agent wants one query answered. ``sampling``: what it wants otherwise than its model's registry
    entry has it.

    ``assistant_prefix``: what the answer begins with, whatever the model says; the model goes on from it.
    ``answered_by`` names what worked the prefix out, if that is the whole answer: no model is asked then.
    ``quotes``: ``system`` contains words of the query, so nothing of it may outlive the conversation.
    ``stops`` end the answer as the caller's do. ``output_transform`` makes what changes the text as it streams.
    ``skill``: answers in several steps, where one isn't enough; where it can't, the model answers as the rest says.
    ``constrain``: makes the rule for each token, of the tokenizer and of how many tokens the prompt has.
    ``notes``: what the agent found out, for the Response. ``asked``: what a model is asked in place of the query, and
    ``asked_beside``, where that isn't empty, a model that takes the pictures in itself.
    """

    system: str
    sampling: SamplingWishes
    max_tokens: int
    assistant_prefix: str = ""
    answered_by: str = ""
    quotes: bool = False
    stops: tuple[str, ...] = ()
    output_transform: Callable[[], TextStage] | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    asked: str = ""
    asked_beside: str = ""
    skill: Skill | None = None
    constrain: Callable[[Tokenizer, int], Constrain] | None = None


class Agent(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def models(self) -> Sequence[str]:
        """Model ids, preferred first; some of them may not be available."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        """How to answer ``query``; ``locale`` (BCP 47) is the page's. What ``options`` override in
        sampling and length, they override later: an agent reads only what concerns its skill."""


@runtime_checkable
class SeeingAgent(Protocol):
    """An agent that takes pictures."""

    async def prepare_seen(
        self, query: str, locale: str, options: InferOptions, scenes: Scenes, model_sees: bool = False
    ) -> Brief:
        """As ``Agent.prepare``, of a question on the pictures of ``scenes``. ``model_sees``: whether the model that is
        to answer takes pictures in."""
