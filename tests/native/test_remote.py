"""What the native ports find at an address: on the disk, and at a server as the Hub is one."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from e2e.support.hub import a_hub
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import DownloadFailed
from orion_py.native import remote
from orion_py.native.ports import native_ports
from orion_py.native.remote import file_facts, read_text
from orion_py.protocol import InferOptions
from orion_py.telemetry.log import Logger
from tests.external.layout import publish

ROOT = Path(__file__).parents[2]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "onnx").mkdir()
    (tmp_path / "onnx/model.onnx").write_bytes(b"graph")
    (tmp_path / "page.html").write_text("<html>")
    (tmp_path / "text.json").write_text('"é"', "utf-8")
    return tmp_path


def test_sizes_and_hashes_are_told_without_the_file(files: Path) -> None:
    local = file_facts("onnx/model.onnx", files)
    assert local is not None
    assert (local.size, local.sha256) == (5, None)
    assert file_facts("nothing", files) is None
    with a_hub(files) as origin:
        told = file_facts(f"{origin}/onnx/model.onnx", Path())
        assert told is not None
        assert (told.size, told.sha256) == (5, hashlib.sha256(b"graph").hexdigest())
        text = file_facts(f"{origin}/text.json", Path())
        assert text is not None
        assert text.sha256 is None
        assert text.tag, "when it was changed"
        assert file_facts(f"{origin}/nothing", Path()) is None
        assert file_facts(f"{origin}/page.html", Path()) is None, "a page is no file of a model"
    assert file_facts(f"{origin}/text.json", Path()) is None, "the server is away"


def test_texts_are_read_up_to_a_limit_and_what_is_missing_is_told_by_404(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_hub(files) as origin:
        for address in ("text.json", f"{origin}/text.json"):
            assert read_text(address, files) == '"é"'
        for address in ("nothing", f"{origin}/nothing"):
            with pytest.raises(DownloadFailed) as missing:
                read_text(address, files)
            assert missing.value.detail["status"] == 404
        monkeypatch.setattr(remote, "MOST_BYTES", 3)
        for address in ("text.json", f"{origin}/text.json"):
            with pytest.raises(DownloadFailed, match="more than 3"):
                read_text(address, files)
    with pytest.raises(DownloadFailed):
        read_text(f"{origin}/text.json", files)


async def test_a_model_added_by_its_address_answers_on_native_onnxruntime(tmp_path: Path) -> None:
    root, served = tmp_path / "root", tmp_path / "hub"
    (root / "public").mkdir(parents=True)
    shutil.copyfile(ROOT / "models.json", root / "models.json")
    path = publish(served, "somebody/tiny", "gemma", external=True, licence="gemma")
    shutil.copytree(served / path, root / "public/mine")
    options = InferOptions(temperature=0, max_tokens=3, force_agent="conversation")
    contents = []
    with a_hub(served) as origin:
        for address in (f"{origin}/{path}", "mine/"):
            engine = await Engine.start(EngineConfig(threads=1), native_ports(root), Logger(clock=lambda: 0.0))
            entry = await engine.add_model(address)
            assert (entry.family, entry.licence) == ("gemma", "gemma")
            answer = await engine.infer("Hello", options.model_copy(update={"model": entry.id}))
            assert (answer.model, answer.usage.completion) == (entry.id, 3)
            contents.append(answer.content)
            await engine.shutdown()
    assert contents[0] == contents[1]
