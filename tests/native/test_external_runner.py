"""Graphs as others export them answer as transformers does, and a graph that won't do is refused by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from orion_py.errors import InvalidModelFolder, RuntimeFailure, UnsupportedModel
from orion_py.native import optimum_graph
from orion_py.native.runtime import NativeRuntime, NativeSession
from tests.external.layout import ARCHITECTURES, write_folder
from tests.external.ports import described
from tests.model_foundry.folders import expected


async def opened(folder: Path, store: Path) -> NativeSession:
    """A session over the folder's files, which lie in ``store`` by their hash."""
    manifest = (await described(folder)).manifest()
    store.mkdir(exist_ok=True)
    for shard in manifest.shards:
        data = (folder / str(shard.path)).read_bytes()
        assert hashlib.sha256(data).hexdigest() == shard.sha256
        (store / shard.sha256).write_bytes(data)
    variant = manifest.variants[0]
    session = await NativeRuntime(store).open(manifest, variant, 1, 64)
    for shard in manifest.shards_for(variant):
        await session.feed(shard)
    return session


async def differences(session: NativeSession, family: str) -> float:
    """The largest difference of a logit from transformers', in prefill and decode."""
    await session.build()
    answers, first, worst = expected(family), 0, 0.0
    for at, row in ((int(at), row) for at, row in answers["logits"].items()):
        prefilled = await session.forward(answers["tokens"][first : at + 1], first)
        decoded = await session.forward(answers["tokens"][at : at + 1], at)
        worst = max(worst, *(float(np.abs(logits - row).max()) for logits in (prefilled, decoded)))
        first = at + 1
    return worst


@pytest.mark.parametrize("family", ARCHITECTURES)
async def test_each_architecture_has_the_logits_of_transformers(tmp_path: Path, family: str) -> None:
    """Qwen2's weights lie beside its graph; Mistral's graph counts positions itself; Gemma's is asked for
    the last logits alone."""
    options = {"external": family == "qwen2", "positions": family != "mistral", "keep": family == "gemma"}
    folder = write_folder(tmp_path / "folder", family, **options)
    assert (folder / "onnx/model.onnx_data").exists() == options["external"]
    assert await differences(await opened(folder, tmp_path / "store"), family) < 5e-5


async def test_int8_as_dynamic_quantization_writes_it_is_near(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", "llama", int8=True)
    assert 1e-4 < await differences(await opened(folder, tmp_path / "store"), "llama") < 0.5


async def test_a_long_prompt_runs_in_chunks_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, tokens = write_folder(tmp_path / "folder", "llama"), expected("llama")["tokens"]
    session = await opened(folder, tmp_path / "store")
    await session.build()
    whole = await session.forward(tokens, 0)
    monkeypatch.setattr(optimum_graph, "logits_rows", lambda vocab: 5)
    chunked = await opened(folder, tmp_path / "store")
    await chunked.build()
    np.testing.assert_allclose(await chunked.forward(tokens, 0), whole, atol=1e-5)
    np.testing.assert_allclose(await chunked.forward(tokens[9:], 9), whole, atol=1e-5)


def altered(folder: Path, change) -> Path:
    path = folder / "onnx/model.onnx"
    model = onnx.load(path, load_external_data=False)
    change(model)
    path.write_bytes(model.SerializeToString())
    return folder


async def refusal(folder: Path, store: Path, error: type[Exception]) -> str:
    session = await opened(folder, store)
    with pytest.raises(error) as caught:
        await session.build()
    return str(caught.value)


async def test_an_input_that_is_not_known_is_named(tmp_path: Path) -> None:
    def ask(model: onnx.ModelProto) -> None:
        model.graph.input.append(helper.make_tensor_value_info("use_cache_branch", onnx.TensorProto.BOOL, [1]))

    folder = altered(write_folder(tmp_path / "folder", "llama"), ask)
    assert "'use_cache_branch'" in await refusal(folder, tmp_path / "store", UnsupportedModel)


async def test_another_number_of_layers_than_the_graphs_is_noticed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", "llama")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    assert "past_key_values.2.key" in await refusal(folder, tmp_path / "store", UnsupportedModel)


@pytest.mark.parametrize("key", ["vocab_size", "head_dim", "num_key_value_heads"])
async def test_a_config_that_lies_about_a_shape_is_noticed(tmp_path: Path, key: str) -> None:
    folder = write_folder(tmp_path / "folder", "llama")
    config = folder / "config.json"
    config.write_text(config.read_text().replace(f'"{key}": ', f'"{key}": 1'))
    with pytest.raises((InvalidModelFolder, RuntimeFailure), match=r"config.json says|Got invalid dimensions"):
        await (await opened(folder, tmp_path / "store")).build()


@pytest.mark.parametrize("location", ["../../secret", "/etc/passwd", "model_fp16.onnx_data", "onnx/model.onnx_data"])
async def test_external_data_elsewhere_than_beside_the_graph_is_refused(tmp_path: Path, location: str) -> None:
    def point(model: onnx.ModelProto) -> None:
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location

    (tmp_path / "secret").write_bytes(b"\0" * 10**6)
    folder = altered(write_folder(tmp_path / "folder", "llama", external=True), point)
    assert location in await refusal(folder, tmp_path / "store", InvalidModelFolder)


@pytest.mark.parametrize(
    "content", [b"<!doctype html><title>Sign in</title>", b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix", b"PK\x03\x04"]
)
async def test_a_web_page_a_pickle_and_an_archive_are_no_models(tmp_path: Path, content: bytes) -> None:
    folder = write_folder(tmp_path / "folder", "llama")
    (folder / "onnx/model.onnx").write_bytes(content)
    assert "is no ONNX file" in await refusal(folder, tmp_path / "store", InvalidModelFolder)


async def test_a_graph_cut_short_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", "llama")
    path = folder / "onnx/model.onnx"
    path.write_bytes(path.read_bytes()[:-1000])
    assert "cut short" in await refusal(folder, tmp_path / "store", InvalidModelFolder)
