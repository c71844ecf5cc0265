"""Yields the pieces of an answer while it is computed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from orion_py.cancellation import CancelToken
from orion_py.engine.bus import Subscriber
from orion_py.protocol import Event, Response, RevisionEvent, TokenEvent


async def stream_pieces(
    subscribe: Callable[[Subscriber], Callable[[], None]],
    request_id: str,
    answer: Callable[[], Coroutine[Any, Any, Response]],
    cancel: CancelToken,
    on_response: Callable[[Response], None],
    on_revision: Callable[[RevisionEvent], None],
) -> AsyncIterator[str]:
    """As ``Engine.stream``. ``answer`` begins the answer, whose events have the id ``request_id``; ``cancel`` stops
    it."""
    pieces: asyncio.Queue[str | RevisionEvent | None] = asyncio.Queue()

    def listen(event: Event) -> None:
        if isinstance(event, TokenEvent) and event.id == request_id:
            pieces.put_nowait(event.text)
        elif isinstance(event, RevisionEvent) and event.id == request_id:
            pieces.put_nowait(event)

    unsubscribe = subscribe(listen)
    task = asyncio.ensure_future(answer())
    task.add_done_callback(lambda _: pieces.put_nowait(None))
    try:
        while (piece := await pieces.get()) is not None:
            if isinstance(piece, RevisionEvent):
                on_revision(piece)
            else:
                yield piece
        on_response(task.result())
    finally:
        unsubscribe()
        cancel.cancel()
        await asyncio.gather(task, return_exceptions=True)
