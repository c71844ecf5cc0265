"""Keeps the KV rows of agents' prompts on the device, so that a reload or a change of agents reads none again.

What is kept are the cache's rows of the tokens with which all of an agent's questions begin, never of a question or an
answer: nothing of a conversation outlives its deletion here. They are kept when nothing is asked, and restored when a
question begins with exactly these tokens, or reading ahead needs them: bit for bit the rows that reading gives,
so that the answer is the same. Only our own kernel can (docs/kernel.md).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from array import array
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import ReferenceType, ref

from orion_py.errors import OrionError
from orion_py.generation.shared_part import shared_part
from orion_py.ports import Ports
from orion_py.residency.manager import ModelManager
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.segments import Segment, leading_tokens
from orion_py.telemetry.log import Logger

FORMAT = 1
"""To be raised with a change of how rows are laid out or computed."""
BUDGET_BYTES = 32_000_000
"""For all that is kept: a prompt of 60 tokens takes 1.4 MB of Lite, 0.7 of Full, 1.7 of Large."""
LEAST_ROWS = 16
"""Fewer are read as quickly as they are restored."""
LEAST_FREE_BYTES = 200_000_000
"""Of the storage: models need it more."""


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What a model answered with last. It doesn't keep the model, whose tokenizer is large, in memory."""

    of: ReferenceType[LoadedModel]
    agent: str
    system: str


class SavedPrefixes:
    """Call ``begin`` at the start, and ``poll`` when no request came for a moment. What can't be kept or
    restored is read as ever, and nobody hears of it."""

    def __init__(self, manager: ModelManager, ports: Ports, log: Logger) -> None:
        self._manager, self._ports, self._log = manager, ports, log
        self._kernel = ""
        self._known: dict[str, Prefix] = {}
        self._answered: dict[str, _Prompt] = {}
        """By model."""
        self._due: set[str] = set()
        """Models of which it isn't known yet that their last prompt is kept."""
        self._restored: dict[str, str] = {}
        """Of a model the key of what was restored, until it has answered."""
        self._writing = asyncio.Lock()

    @property
    def bytes(self) -> int:
        """What is kept takes so much on the device."""
        return sum(prefix.bytes for prefix in self._known.values())

    async def begin(self, agents: Collection[str]) -> None:
        """Looks what is there. What is of none of ``agents`` goes: one was deleted as the page was closed, perhaps.
        Raises StorageUnavailable."""
        await self.recall()
        going = [prefix.key for prefix in self._known.values() if prefix.agent not in agents]
        if going:
            self._known = {key: prefix for key, prefix in self._known.items() if key not in going}
            await self._ports.prefixes.drop(going)

    async def recall(self) -> None:
        """Looks what is there."""
        self._kernel = (await self._ports.runtime.device()).kernel
        self._known = {prefix.key: prefix for prefix in await self._ports.prefixes.all()}

    def answered(self, model: LoadedModel, agent: str, system: str) -> None:
        """``agent`` answered with ``model``, with a prompt of its own."""
        self._answered[model.manifest.model] = _Prompt(ref(model), agent, system)
        self._due.add(model.manifest.model)

    def system_of(self, model: LoadedModel) -> str | None:
        """The prompt with which ``model`` answered last."""
        prompt = self._answered.get(model.manifest.model)
        return prompt.system if prompt is not None and prompt.of() is model else None

    def restorable(self, model: LoadedModel, tokens: Sequence[int]) -> int:
        """How many of the first ``tokens`` are kept."""
        found = self._find(model, tokens)
        return 0 if found is None else found.rows

    async def restore(self, model: LoadedModel, prompt: Sequence[Segment]) -> int:
        """Brings the longest kept beginning of ``prompt`` into the cache, where that saves reading; says how many rows
        came. Only tokens are kept, no embeddings. The last token is never among them: its logits are what the answer
        begins with."""
        tokens = leading_tokens(prompt[:-1])
        found = self._find(model, tokens)
        if found is None or found.rows < model.cached_prefix(prompt) + LEAST_ROWS:
            return 0
        begun = self._ports.clock()
        restored = False
        with suppress(OrionError):
            restored = await model.restore_rows(found.key, tokens[: found.rows])
        if not restored:
            self._known.pop(found.key, None)  # evicted, by another tab perhaps, or damaged
            return 0
        self._restored[found.model] = found.key
        ms = round((self._ports.clock() - begun) * 1000, 1)
        self._log.debug("prompt restored", model=found.model, agent=found.agent, rows=found.rows, ms=ms)
        return found.rows

    def confirm(self, model: LoadedModel) -> None:
        """Marks what was restored as right, after an answer."""
        self._restored.pop(model.manifest.model, None)

    async def reject(self, model: LoadedModel) -> bool:
        """Deletes the rows restored since ``model`` last answered: it failed with them. False: there were none."""
        key = self._restored.pop(model.manifest.model, None)
        if key is not None:
            self._known.pop(key, None)
            with suppress(OrionError):
                await self._ports.prefixes.drop([key])
        return key is not None

    async def poll(self) -> None:
        """Keeps the prompts that were read and aren't kept yet."""
        for model_id in list(self._due):
            async with self._writing:
                prompt = self._answered.get(model_id)
                with suppress(OrionError):
                    if prompt is None or await self._keep(prompt):
                        self._due.discard(model_id)

    async def forget(self, models: Collection[str] | None = None, agent: str | None = None) -> None:
        """Deletes what is kept of these models (None: all), or of one agent. Raises StorageUnavailable."""

        def concerned(of_model: str, of_agent: str) -> bool:
            return of_agent == agent if agent is not None else models is None or of_model in models

        self._answered = {m: prompt for m, prompt in self._answered.items() if not concerned(m, prompt.agent)}
        async with self._writing:  # what is being written is there then, and goes too
            going = [p.key for p in await self._ports.prefixes.all() if concerned(p.model, p.agent)]
            await self._ports.prefixes.drop(going)
            await self.recall()

    async def _keep(self, prompt: _Prompt) -> bool:
        """Whether there is nothing left to keep of it."""
        model = prompt.of()
        if model is None or not self._lives(prompt, model) or not self._can(model):
            return True
        tokens = shared_part(model.tokenizer, prompt.system, (), "", model.context, max_tokens=1)
        edition = self._edition(model)
        key = _key(edition, tokens)
        if key in self._known or len(tokens) < LEAST_ROWS:
            return True
        if not await self._room() or not self._lives(prompt, model):
            return False
        prefix = Prefix(key, model.manifest.model, prompt.agent, edition, len(tokens))
        kept = await model.keep_rows(prefix, tokens, BUDGET_BYTES)
        if kept:
            self._log.debug("prompt kept", model=prefix.model, agent=prefix.agent, rows=prefix.rows, bytes=kept)
            await self.recall()
        return kept > 0

    def _lives(self, prompt: _Prompt, model: LoadedModel) -> bool:
        model_id = model.manifest.model
        still = self._answered.get(model_id) is prompt
        return still and not model.closed and self._manager.loaded.get(model_id) is model

    async def _room(self) -> bool:
        if self._ports.store.memory_reason is not None:
            return False
        estimate = await self._ports.store.estimate()
        return estimate.quota is None or estimate.quota - (estimate.usage or 0) >= LEAST_FREE_BYTES

    def _can(self, model: LoadedModel) -> bool:
        return bool(self._kernel) and model.variant.engine == "kernel"

    def _find(self, model: LoadedModel, tokens: Sequence[int]) -> Prefix | None:
        if not self._known or not self._can(model):
            return None
        edition = self._edition(model)
        mine = [p for p in self._known.values() if p.edition == edition and p.rows <= len(tokens)]
        longest_first = sorted(mine, key=lambda prefix: -prefix.rows)
        return next((p for p in longest_first if p.key == _key(edition, tokens[: p.rows])), None)

    def _edition(self, model: LoadedModel) -> str:
        """Of the weights, how they are computed, and by which build."""
        manifest = model.manifest
        weights = [shard.sha256 for shard in manifest.shards if shard.role not in ("graph", "tokenizer")]
        shape = manifest.architecture.model_dump_json()  # it is the manifest's, and rows are turned by it
        of = [FORMAT, manifest.model, manifest.version, shape, weights, model.variant.id, self._kernel]
        return hashlib.sha256(json.dumps(of).encode()).hexdigest()


def _key(edition: str, tokens: Sequence[int]) -> str:
    return hashlib.sha256(edition.encode() + array("q", tokens).tobytes()).hexdigest()
