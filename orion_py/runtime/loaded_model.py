"""Holds a model in memory: its session, its tokenizer, and what its KV cache contains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, OrionError, WorkerDied
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.runtime.base import BuildReport, Logits, ModelSession
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.segments import Embeddings, Inputs, Key, Segment, keys_of
from orion_py.runtime.token_runs import RunRequest, RunsTokens, TokenRun
from orion_py.runtime.tokenizer import Tokenizer
from orion_py.starting import start

STOP_PATIENCE_S = 5.0
"""How long a worker may take to hear that it should stop, and then to stop. It hears messages between
the parts of a prompt, which take a second or two on a slow phone."""
_Call = Callable[[Any, int], Awaitable[Logits]]


def backend_label(backend: str, threads: int, exact: bool, cache_bits: int = 16, plain: bool = False) -> str:
    """``exact`` is worth saying only where a quicker, inexact way exists, ``cache_bits`` where they aren't 16,
    ``plain``, without relaxed SIMD, where that was available."""
    if backend == "webgpu":
        return "WebGPU"
    name = {"wasm": "WASM", "kernel": "Kernel"}.get(backend, backend)
    besides = (", exact" if exact else "") + (f", {cache_bits}-bit cache" if cache_bits != 16 else "")
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}{besides}{', plain SIMD' if plain else ''}"


class LoadedModel:
    """Serialises calls to the session and knows which tokens and embeddings its KV cache holds.

    A call that its caller no longer awaits (the user pressed Stop during a long prefill) still
    runs to its end, or to where ``interrupt`` ends it; the next one waits for it, and the cache's
    record stays true.
    """

    def __init__(
        self,
        manifest: Manifest,
        variant: Variant,
        session: ModelSession,
        tokenizer: Tokenizer,
        report: BuildReport,
        context: int,
    ) -> None:
        self.manifest, self.variant, self.tokenizer = manifest, variant, tokenizer
        self.report, self.context = report, context
        self._session = session
        self._held: list[Key] = []
        """What each row of the cache is of."""
        self._wanted = 0
        """Rows that the call under way may leave."""
        self._turn = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        """The loop itself holds tasks weakly."""
        self._threads = self.asked_threads = report.threads
        """``asked_threads``: that it was opened with, even if fewer came."""
        self.on_fewer_threads: Callable[[str, str], None] = lambda before, now: None
        """Called with the old and the new label when a thread was lost."""
        self._interrupted = False
        """What runs was stopped: nobody waits for it but the next call."""
        self._stopped = False
        """The run of tokens under way has to end."""
        self.patience_s = STOP_PATIENCE_S
        self.for_kernel = False
        """Whether our own kernel was asked for when it was loaded, even if another runner serves."""
        self.cache_wish = "auto"
        """``cache_bits`` of the configuration that it was loaded by."""
        self.closed = False

    @property
    def label(self) -> str:
        """What computes, in words that a person can read: "Kernel, 2 threads", "WASM, 2 threads", "WebGPU" or
        "native, 2 threads"."""
        return self._label(self._session.threads)

    def _label(self, threads: int) -> str:
        variant = self.variant
        return backend_label(self.report.backend, threads, variant.exact, variant.cache_bits, variant.plain)

    def cached_prefix(self, prompt: Sequence[Segment]) -> int:
        """How many leading places of ``prompt`` needn't run; the last one always has to."""
        keys = keys_of(prompt)
        count = 0
        for held, wanted in zip(self._held, keys, strict=False):
            if held != wanted:
                break
            count += 1
        return max(0, min(count, len(keys) - 1))

    @property
    def max_draft_tokens(self) -> int:
        """Tokens that ``verify`` takes at once; 0 where the model can't."""
        return self.variant.max_draft_tokens

    async def forward(self, inputs: Inputs, position: int) -> Logits:
        """As ``ModelSession.forward``."""
        return await self.begin(inputs, position)

    async def verify(self, tokens: Sequence[int], position: int) -> Logits:
        """As ``ModelSession.verify``."""
        return await self.begin_verify(tokens, position)

    def begin(self, inputs: Inputs, position: int) -> asyncio.Future[Logits]:
        """Begins ``forward`` now. A caller that gives it up cancels the future; the call itself goes on, unless
        it still waits for its turn."""
        return self._begin(self._session.forward, inputs, position)

    def begin_verify(self, tokens: Sequence[int], position: int) -> asyncio.Future[Logits]:
        """Begins ``verify``, as ``begin``."""
        return self._begin(self._session.verify, tokens, position)

    @property
    def runs_tokens(self) -> bool:
        """Whether ``begin_run`` can be called."""
        return isinstance(self._session, RunsTokens)

    def begin_run(self, request: RunRequest, on_news: Callable[[], object]) -> TokenRun:
        """Begins a run of tokens now, where ``runs_tokens``. A caller that wants no more of it calls ``stop_run``."""
        run = TokenRun(on_news)
        self._running = start(self._run_tokens(request, run))
        return run

    def stop_run(self, run: TokenRun) -> None:
        """Ends ``run`` early if it has begun; the next call waits until it has ended."""
        if run.begun and not run.ended and not self.closed and isinstance(self._session, RunsTokens):
            self._stopped = True
            self._session.stop()

    async def keep_rows(self, prefix: Prefix, tokens: Sequence[int], budget: int) -> int:
        """As ``ModelSession.keep_rows``, of the rows of ``tokens``; 0 too where the cache doesn't begin with them, or
        something computes."""
        if self.closed or self._turn.locked() or self._held[: len(tokens)] != list(tokens):
            return 0
        # Not in turn: the rows are copied at once, and no question waits until they are written.
        return await self._session.keep_rows(prefix, budget)

    async def restore_rows(self, key: str, tokens: Sequence[int]) -> bool:
        """As ``ModelSession.restore_rows``; these are the rows of ``tokens``.

        A cancelled caller gives it up. It goes on to its end, unless it still waits for its turn: then it
        would replace rows on which the next caller relies already.
        """
        given_up = asyncio.Event()
        try:
            return await asyncio.shield(asyncio.ensure_future(self._restore(key, list(tokens), given_up)))
        except asyncio.CancelledError:
            given_up.set()
            raise

    async def _restore(self, key: str, tokens: list[int], given_up: asyncio.Event) -> bool:
        if self._ends_early and self._turn.locked():
            await self._stops()
        async with self._turn:
            if given_up.is_set():
                return False
            self._interrupted = self._stopped = False
            held, self._held = self._held, []
            restored = await self._session.restore_rows(key, len(tokens))
            self._held = [*tokens] if restored else held
            return restored

    def drop(self, position: int) -> None:
        """The rows from ``position`` on aren't wanted any more, such as those of a failed draft, or of a call
        that is still under way."""
        del self._held[position:]
        self._wanted = min(self._wanted, position)

    def _begin(self, call: _Call, inputs: Inputs, position: int) -> asyncio.Future[Logits]:
        done: asyncio.Future[Logits] = asyncio.get_running_loop().create_future()
        given = inputs if isinstance(inputs, Embeddings) else list(inputs)
        self._running = start(self._run(call, given, position, done))
        return done

    async def _run(self, call: _Call, inputs: Inputs, position: int, done: asyncio.Future[Logits]) -> None:
        """``done`` is set from here, and not by the task's end: that is one turn of the loop less for each token."""
        try:
            if self._ends_early and self._turn.locked():
                await self._stops()
            async with self._turn:
                if done.done():
                    return
                self._interrupted = self._stopped = False
                self._wanted = position + len(inputs)
                # While the call runs, or if it fails, only the rows before it can be relied on.
                del self._held[position:]
                logits = await call(inputs, position)
                self._held.extend(inputs.keys if isinstance(inputs, Embeddings) else inputs)
                del self._held[self._wanted :]
                if not done.done():
                    done.set_result(logits)
        except Exception as error:
            if not done.done():
                done.set_exception(error)
        except BaseException:
            done.cancel()
            raise

    async def _run_tokens(self, request: RunRequest, run: TokenRun) -> None:
        assert isinstance(self._session, RunsTokens)
        try:
            if self._ends_early and self._turn.locked():
                await self._stops()
            async with self._turn:
                if run.given_up:
                    return
                run.begun = True
                self._interrupted = self._stopped = False
                self._wanted = request.position + request.count
                del self._held[request.position :]
                last = request.token
                async for found in self._session.run(request):
                    # A token's row is there once the next one was chosen.
                    self._held.extend([last, *found.tokens[:-1]])
                    del self._held[self._wanted :]
                    last = found.tokens[-1]
                    run.tell(found)
            run.end()
        except Exception as error:
            run.end(error)
        except BaseException:
            run.end(Cancelled())
            raise

    @property
    def _ends_early(self) -> bool:
        return self._interrupted or self._stopped

    async def _stops(self) -> None:
        """Waits until what was interrupted is over. Raises WorkerDied, and ends the worker, where that
        takes too long."""
        try:
            await asyncio.wait_for(self._turn.acquire(), self.patience_s)
        except TimeoutError:
            await self.close()
            raise WorkerDied(f"The worker didn't stop within {self.patience_s:g} s.") from None
        self._turn.release()

    async def interrupt(self) -> None:
        """Nobody waits for the forward under way any more: it may end early. A worker that doesn't even
        hear that for ``patience_s`` is ended: ``closed`` tells so."""
        self._interrupted = True
        try:
            await until_cancelled(self._session.interrupt(), CancelToken(), self.patience_s)
        except (TimeoutError, OrionError):
            await self.close()

    async def ping(self) -> None:
        """Whether the worker still answers; while it computes for somebody that isn't asked. Raises WorkerDied."""
        if self._turn.locked() and self._ends_early:
            await self._stops()
        if not self._turn.locked():
            await self._session.ping()

    async def measure_memory(self) -> None:
        """Brings the report's ``memory_bytes`` up to date, and says where threads were lost. A model that can't
        report it soon keeps its last figures: the finished answer doesn't wait for it."""
        if self._turn.locked() and self._interrupted:
            return
        before, self._threads = self._threads, self._session.threads
        if self._threads < before:
            self.on_fewer_threads(self._label(before), self.label)
        with suppress(OrionError, TimeoutError):
            async with asyncio.timeout(self.patience_s):
                self.report = replace(self.report, memory_bytes=await self._session.memory_bytes())

    async def close(self) -> None:
        """Gives the memory back, now, whatever is under way."""
        self.closed = True
        await self._session.close()
