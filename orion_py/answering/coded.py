"""Lets an agent's own code answer: the requester runs it, and its output comes back here.

The engine never runs it (docs/workshop.md). It says that it is to be run, once it is settled that the
agent answers, and waits outside of the queue, since the code may ask the model questions of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orion_py.agents.base import Brief
from orion_py.agents.custom import CustomAgents
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import InferenceTimeout, OrionError, RuntimeFailure
from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import AgentDefinition, CodeEvent, Event, InferOptions
from orion_py.protocol.vocabulary import CodeEnd


class _Run:
    """One answer. ``say`` takes each piece; ``ended``: how the code ended."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.spoke = say, False
        self.ended: asyncio.Future[CodeEnd] = asyncio.get_running_loop().create_future()

    def take(self, text: str, end: CodeEnd | None) -> None:
        if self.ended.done():
            return
        if text:
            self.spoke = self.spoke or bool(text.strip())
            self.say(text)
        if end is not None:
            self.ended.set_result(end)


class CodeRuns:
    """The code that runs now, by the ids of the requests that it answers."""

    def __init__(self, custom: CustomAgents) -> None:
        self._custom = custom
        self._open: dict[str, _Run] = {}

    def definition(self, agent_id: str) -> AgentDefinition | None:
        """The agent, where it has code."""
        return next((made for made in self._custom.definitions if made.id == agent_id and made.code.strip()), None)

    def take(self, request_id: str, text: str, end: CodeEnd | None) -> None:
        """What the code said; of a request that has ended meanwhile it is nobody's any more."""
        run = self._open.get(request_id)
        if run is not None:
            run.take(text, end)

    async def run(
        self,
        request_id: str,
        options: InferOptions,
        definition: AgentDefinition,
        emit: Callable[[Event], None],
        say: Callable[[str], None],
        cancel: CancelToken,
    ) -> OrionError | None:
        """Has the code run; ``say`` gets each piece of its answer. Returns why it failed, or None. Raises Cancelled."""
        run = self._open[request_id] = _Run(say)
        try:
            emit(_event(request_id, options, definition))
            end = await until_cancelled(run.ended, cancel)
        finally:
            if self._open.get(request_id) is run:
                del self._open[request_id]
        if end == "time":
            return InferenceTimeout(f"The code of {definition.id} took too long.")
        if end == "failed" or not run.spoke:
            return RuntimeFailure(f"The code of {definition.id} failed.")
        return None


def brief_of(answer: str) -> Brief:
    """The code's ``answer``, as an agent tells what it worked out without a model."""
    return Brief(system="", sampling=SamplingWishes(), max_tokens=0, assistant_prefix=answer, answered_by="code")


def _event(request_id: str, options: InferOptions, definition: AgentDefinition) -> CodeEvent:
    """How the caller likes answers is how the code asks the model."""

    def wanted(own: float | None, theirs: float) -> float:
        return theirs if own is None else own

    return CodeEvent(
        id=request_id,
        agent=definition.id,
        code=definition.code,
        prompt=definition.prompt,
        max_tokens=definition.max_tokens,
        temperature=wanted(options.temperature, definition.temperature),
        top_p=wanted(options.top_p, definition.top_p),
        top_k=definition.top_k if options.top_k is None else options.top_k,
        repetition_penalty=wanted(options.repetition_penalty, definition.repetition_penalty),
    )
