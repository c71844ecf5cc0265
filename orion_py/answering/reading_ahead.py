"""Reads the beginning of the likely answer's prompt while the person still types.

It reads in small pieces. Before each piece it checks whether anything else needs the engine: a question, a model that
is loaded or unloaded, background work. Those go first, and wait for one piece at most. Rows that the device keeps are
restored instead of computed. A guess never replaces rows in the cache that the current conversation needs and that
can't be restored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from orion_py.answering.ability import obstacle
from orion_py.answering.options import attached
from orion_py.answering.services import Services
from orion_py.cancellation import CancelToken, ended_by, until_cancelled
from orion_py.errors import Cancelled, OrionError
from orion_py.generation.shared_part import shared_part
from orion_py.protocol import InferOptions, ReadAhead
from orion_py.registry.models import ModelEntry
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.tokenizer import ChatMessage

PIECE, LEAST_PIECE = 32, 8
"""Tokens that are read at once: fewer where that takes longer than ``PIECE_S``, in seconds."""
PIECE_S = 0.2
PIECE_TIMEOUT_S = 20.0
WORDS = 3
"""Of a draft, from which the router is asked who will answer."""
WORTH_IT = 8
"""Fewer tokens than these aren't worth a guess."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known while somebody types. ``agent``: who answers if the text doesn't decide it yet."""

    text: str
    history: Sequence[ChatMessage]
    options: InferOptions
    locale: str
    agent: str | None = None


class ReadingAhead:
    """``model_of``: which of an agent's models would answer now, without side effects."""

    def __init__(self, model_of: Callable[[str], ModelEntry | None]) -> None:
        self._model_of = model_of
        self._latest = CancelToken()
        self._asked = 0
        """Questions so far."""

    def give_way(self) -> None:
        """A question came: what was to be read before it isn't wanted any more, not even after its answer. The piece
        under way is the question's."""
        self._asked += 1

    def stop(self) -> None:
        """What is under way ends after its piece."""
        self._latest.cancel()

    async def read(self, draft: Draft, services: Services, cancel: CancelToken) -> ReadAhead:
        """Reads what there is to read, in place of what an earlier draft wanted. Ends early where something else wants
        the engine. Raises Cancelled, and UnknownAgent or UnknownModel for what the options name."""
        self._latest.cancel()
        mine = self._latest = CancelToken()
        unsubscribe = cancel.subscribe(mine.cancel)
        try:
            return await self._read(draft, services, mine)
        except Cancelled:
            cancel.raise_if_cancelled()
            return ReadAhead()
        finally:
            unsubscribe()

    async def _read(self, draft: Draft, services: Services, cancel: CancelToken) -> ReadAhead:
        asked = self._asked
        agent = await until_cancelled(self._agent(draft, services), cancel)
        name = draft.options.model
        entry = services.registry.model(name) if name else self._model_of(agent)
        model = None if entry is None else services.models.loaded.get(entry.id)
        found = ReadAhead(agent)
        if entry is None or model is None:
            return found
        brief = await until_cancelled(
            services.agents.get(agent).prepare(draft.text, draft.locale, draft.options), cancel
        )
        if brief.answered_by:
            return found
        found = replace(found, model=entry.id)
        most = draft.options.max_tokens or brief.max_tokens

        def prompt_of(system: str) -> list[int]:
            return shared_part(model.tokenizer, system, draft.history, draft.text, model.context, most)

        def wanted() -> bool:
            alone = self._asked == asked and services.queue.idle and not services.models.loading
            return alone and not cancel.cancelled and services.models.loaded.get(entry.id) is model

        if not wanted():
            return found
        with suppress(OrionError):
            tokens = prompt_of(brief.system)
            found = replace(found, tokens=len(tokens))
            last = services.prefixes.system_of(model)
            if last not in (None, brief.system) and _gives_up(model, prompt_of(str(last)), tokens, services):
                return replace(found, cached=_held(model, tokens))
            if len(tokens) - _held(model, tokens) >= WORTH_IT:
                found = await self._into_memory(found, model, tokens, wanted, services, cancel)
            found = replace(found, cached=_held(model, tokens))
        cancel.raise_if_cancelled()
        return found

    async def _into_memory(
        self,
        found: ReadAhead,
        model: LoadedModel,
        tokens: list[int],
        wanted: Callable[[], bool],
        services: Services,
        cancel: CancelToken,
    ) -> ReadAhead:
        """Restores or reads ``tokens``, as far as nothing else comes between."""
        async with services.models.turn(found.model, cancel):
            if wanted():
                found = replace(found, restored=await services.prefixes.restore(model, [*tokens, -1]))
        size = PIECE
        while wanted() and _held(model, tokens) < len(tokens):
            # A question that came meanwhile has its turn now, and the next piece isn't wanted any more.
            async with services.models.turn(found.model, cancel):
                begun, at = services.clock(), _held(model, tokens)
                if wanted() and at < len(tokens):
                    piece = tokens[at : at + size]
                    with suppress(TimeoutError):
                        # A piece that still waits for the model is given up: rows that a question found may be gone
                        # behind it.
                        await ended_by(model.forward(piece, at), cancel, PIECE_TIMEOUT_S)
                    took = services.clock() - begun
                    if took > PIECE_S:
                        size = max(LEAST_PIECE, size // 2)
                    if took >= PIECE_TIMEOUT_S:
                        break
        return found

    async def _agent(self, draft: Draft, services: Services) -> str:
        """Who would answer."""
        agents, options = services.agents, draft.options
        if options.force_agent is not None:
            chosen = agents.get(options.force_agent).id
        elif attached(options) or len(draft.text.split()) >= WORDS:
            chosen = (await services.router.route(draft.text, draft.locale, attached(options))).agent
        else:
            chosen = draft.agent or ""
        first = agents.ids[0]
        if chosen not in agents.ids:
            return first
        found = obstacle(
            agents, services.registry, services.config, chosen, options.model, attached(options), draft.locale
        )
        return chosen if found is None else first


def _held(model: LoadedModel, tokens: Sequence[int]) -> int:
    """How many of ``tokens`` needn't be read any more; here the last one can be among them."""
    return model.cached_prefix([*tokens, -1])


def _gives_up(model: LoadedModel, last: Sequence[int], tokens: Sequence[int], services: Services) -> bool:
    """Whether reading ``tokens`` would lose what a prompt that begins with ``last`` finds again, and can't be
    restored."""
    held = _held(model, last)
    return held > _held(model, tokens) + WORTH_IT and services.prefixes.restorable(model, last) < held
