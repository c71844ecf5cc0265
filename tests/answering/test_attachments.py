"""Files come beside a question, are named in it by their content, and are forgotten with the last question that names
them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.engine.host import EngineHost
from orion_py.errors import AttachmentBroken, AttachmentMissing, Cancelled
from orion_py.protocol import InferOptions
from orion_py.runtime.attachments import HeldAttachments
from tests.tiny import World, says
from tests.tiny_engine import engine

PICTURE = b"a picture's bytes"
NAME = hashlib.sha256(PICTURE).hexdigest()


def held(world: World) -> HeldAttachments:
    port = world.ports.attachments
    assert isinstance(port, HeldAttachments)
    return port


async def test_files_are_named_by_their_content_and_forgotten_with_their_question(tmp_path: Path) -> None:
    world = World(says("good day"))
    made = await engine(world)
    seen: list[tuple[str, bool]] = []
    release = held(world).release
    held(world).release = lambda request: (seen.append((request, held(world).has(NAME))), release(request))  # type: ignore[assignment, return-value]
    path = tmp_path / "picture.png"
    path.write_bytes(PICTURE)
    for source in (PICTURE, path, str(path)):
        await made.infer("What is this?", images=[source])
    assert [there for _, there in seen] == [True, True, True]
    assert not held(world).has(NAME)


async def test_a_file_stays_while_another_question_names_it() -> None:
    files = HeldAttachments()
    for request in ("one", "two"):
        files.put(request, NAME, PICTURE)
    files.release("one")
    assert files.has(NAME)
    files.release("two")
    files.release("nobody's")
    assert not files.has(NAME)


async def test_a_question_whose_file_did_not_come_says_so_before_anything_is_loaded() -> None:
    world = World(says("good day"))
    made = await engine(world)
    with pytest.raises(AttachmentMissing, match=NAME[:12]) as caught:
        await made.infer("What is this?", InferOptions(images=[NAME]))
    assert (caught.value.family, world.runtime.sessions) == ("invalid_input", [])
    assert (await made.infer("And you?")).content == "good day"


async def test_a_path_that_cannot_be_read_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    world = World(says("good day"))
    made = await engine(world)
    with pytest.raises(AttachmentMissing, match="No such file"):
        await made.infer("What is this?", images=[PICTURE, tmp_path / "none.png"])
    assert not held(world).has(NAME), "what was handed in before it is forgotten, too"
    with pytest.raises(AttachmentBroken, match="empty"):
        await made.infer("What is this?", audio=[b""])


async def test_a_question_takes_at_most_four_pictures() -> None:
    made = await engine(World(says("good day")))
    with pytest.raises(ValueError, match="at most 4"):
        await made.infer("What are these?", images=[bytes([each]) for each in range(1, 6)])


async def test_a_decoder_gives_pixels_and_a_broken_file_is_an_error() -> None:
    async def see(data: bytes) -> Any:
        if data != PICTURE:
            raise AttachmentBroken("It is damaged.")
        return np.zeros((2, 3, 3), np.uint8)

    files = HeldAttachments(see)
    files.put("one", NAME, PICTURE)
    files.put("one", "b", b"?")
    assert (await files.picture(NAME)).shape == (2, 3, 3)
    with pytest.raises(AttachmentBroken):
        await files.picture("b")
    with pytest.raises(AttachmentMissing):
        await files.picture("c")
    with pytest.raises(AttachmentBroken, match="recordings"):
        await files.sound(NAME)


class Page:
    """A caller of the host, which hands in files as the page's worker does."""

    def __init__(self) -> None:
        self.world = World(says("good day"))
        self.ends: dict[str, dict[str, Any]] = {}
        self.host = EngineHost(self.world.ports, self._hear)

    def _hear(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] in ("result", "error", "cancelled"):
            self.ends[message["id"]] = message

    def sends(self, request: str, kind: str = "infer", **fields: Any) -> None:
        self.host.receive(json.dumps({"v": 1, "id": request, "type": kind, **fields}))

    async def end(self, request: str) -> dict[str, Any]:
        while request not in self.ends:
            await asyncio.sleep(0)
        return self.ends[request]


async def test_the_host_forgets_the_files_of_a_question_however_it_ends() -> None:
    page = Page()
    page.sends("start", "initialize")
    await page.end("start")
    files = held(page.world)
    for request, fields in (
        ("answered", {"query": "What?", "options": {"images": [NAME]}}),
        ("refused", {"query": " ", "options": {"images": [NAME]}}),
        ("malformed", {"query": "What?", "options": {"images": ["no hash"]}}),
    ):
        files.put(request, NAME, PICTURE)
        page.sends(request, **fields)
        end = await page.end(request)
        assert end["type"] == ("result" if request == "answered" else "error")
        await asyncio.sleep(0)
        assert not files.has(NAME), request


async def test_a_cancelled_question_forgets_its_files() -> None:
    world = World(says("good day"))
    made = await engine(world)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await made.infer("What?", images=[PICTURE], cancel=cancel)
    assert not held(world).has(NAME)
