"""What a folder in the usual ONNX layout holds, found without a byte of its weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orion_py.errors import DownloadFailed, InvalidModelFolder, TooLarge, UnsupportedModel
from orion_py.external.folder import ExternalFolder
from orion_py.external.survey import Survey, names
from orion_py.native.chat_template import NativeChatTemplate
from orion_py.ports import FileFacts, Ports
from tests.external.layout import listing
from tests.external.ports import ADDRESS, ports_over
from tests.model_foundry.folders import FAMILIES

HUB = "https://example.org/somebody/Tiny-0.5B/resolve/main/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The small files are real, the large ones aren't read."""
    made = tmp_path / "folder"
    (made / "onnx").mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (made / name).write_bytes((FAMILIES / "llama" / name).read_bytes())
    (made / "README.md").write_text("---\nlicense: mit\n---\n")
    put(made, "model_quantized.onnx")
    return made


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "onnx" / name).write_bytes(name.encode() * 10)


async def look(folder: Path, **options: bool) -> ExternalFolder:
    return await Survey(ports_over(folder, **options), ADDRESS).describe()


async def refused(folder: Path, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        await look(folder)


async def test_title_licence_files_and_sizes_are_found(folder: Path) -> None:
    found = await look(folder, hashes=False)
    assert (found.title, found.model, found.licence) == ("tiny", "tiny", "mit")
    assert [(file.path, file.role) for file in found.files] == [
        ("onnx/model_quantized.onnx", "graph"),
        ("tokenizer.json", "tokenizer"),
    ]
    assert found.size == sum((folder / file.path).stat().st_size for file in found.files)
    assert not found.complete
    assert (await look(folder)).complete, "where the server names the hashes"


async def test_int8_is_taken_before_four_bits_and_those_before_float32(folder: Path) -> None:
    put(folder, "model_int8.onnx", "model_q4.onnx", "model.onnx", "model_fp16.onnx", "model_q4f16.onnx")
    taken = []
    while (folder / "onnx").glob("model*") and len(taken) < 4:
        found = await look(folder)
        taken.append(found.graph.path.removeprefix("onnx/"))
        (folder / found.graph.path).unlink()
    assert taken == ["model_quantized.onnx", "model_int8.onnx", "model_q4.onnx", "model.onnx"]
    await refused(folder, UnsupportedModel, r"model_fp16.onnx, onnx/model_q4f16.onnx alone, which WASM can't run well")


async def test_external_data_is_what_is_called_after_its_graph(folder: Path) -> None:
    (folder / "onnx/model_quantized.onnx").unlink()
    put(
        folder, "model_q4.onnx", "model_q4.onnx_data", "model_q4.onnx_data_1", "model.onnx_data", "model_q4.onnx_data_3"
    )
    assert [f.path for f in (await look(folder)).files if f.role == "weights"] == [
        "onnx/model_q4.onnx_data",
        "onnx/model_q4.onnx_data_1",
    ]


async def test_a_graph_beside_the_config_is_found_too(folder: Path) -> None:
    (folder / "onnx/model_quantized.onnx").rename(folder / "model.onnx")
    (folder / "model.onnx.data").write_bytes(b"x")
    assert [file.path for file in (await look(folder)).files] == ["model.onnx", "model.onnx.data", "tokenizer.json"]


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "tokenizer.json"])
async def test_what_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    await refused(folder, UnsupportedModel, name.replace(".", r"\."))


async def test_a_folder_without_onnx_files_or_with_half_of_a_readme(folder: Path) -> None:
    (folder / "README.md").unlink()
    assert (await look(folder)).licence == "not stated"
    (folder / "onnx/model_quantized.onnx").unlink()
    await refused(folder, UnsupportedModel, "none of model_quantized.onnx")


def sized(ports: Ports, path: str, size: int | None) -> Ports:
    """The server says that this file has ``size``, and its text may not be fetched."""

    async def facts(url: str) -> FileFacts | None:
        return FileFacts(size) if url.endswith(path) else await ports.facts(url)

    async def fetch_text(url: str) -> str:
        assert not url.endswith(path), "its size was told"
        return await ports.fetch_text(url)

    return replace(ports, facts=facts, fetch_text=fetch_text)


@pytest.mark.parametrize(
    ("path", "size", "error"),
    [
        ("config.json", 200_000_000, InvalidModelFolder),
        ("tokenizer.json", 200_000_000, InvalidModelFolder),
        ("README.md", 200_000_000, InvalidModelFolder),
        ("model_quantized.onnx", 5 * 10**9, TooLarge),
        ("model_quantized.onnx", None, InvalidModelFolder),
        ("model_quantized.onnx", 0, InvalidModelFolder),
    ],
)
async def test_a_size_that_will_not_do_is_refused_before_a_byte_moves(
    folder: Path, path: str, size: int | None, error: type[Exception]
) -> None:
    with pytest.raises(error, match=path.replace(".", r"\.")):
        await Survey(sized(ports_over(folder), path, size), ADDRESS).describe()


def with_listing(folder: Path, text: str) -> Ports:
    """At the Hub's form of address, with ``text`` as the listing; single files aren't asked for."""
    ports = ports_over(folder, address=HUB)

    async def fetch_text(url: str) -> str:
        if url == "https://example.org/api/models/somebody/Tiny-0.5B/tree/main?recursive=true":
            return text
        return await ports.fetch_text(url)

    async def no_facts(url: str) -> FileFacts | None:
        raise AssertionError(f"{url}: the listing told")

    return replace(ports, fetch_text=fetch_text, facts=no_facts)


async def test_the_hubs_listing_tells_sizes_and_hashes_at_once(folder: Path) -> None:
    found = await Survey(with_listing(folder, json.dumps(listing(folder))), HUB).describe()
    assert (found.title, found.model) == ("somebody/Tiny-0.5B", "somebody-tiny-0.5b")
    assert found.complete
    assert found.size == sum((folder / file.path).stat().st_size for file in found.files)


async def test_without_a_listing_each_file_is_asked_for(folder: Path) -> None:
    found = await Survey(ports_over(folder, hashes=False, address=HUB), HUB).describe()
    assert found.title == "somebody/Tiny-0.5B"
    assert not found.complete


@pytest.mark.parametrize(
    "text",
    ["{}", "3", "[3]", '[{"type": "file"}]', '[{"type": "file", "path": "a", "lfs": {"oid": "../x"}}]', "<html>"],
)
async def test_a_hostile_listing_is_refused(folder: Path, text: str) -> None:
    with pytest.raises(InvalidModelFolder):
        await Survey(with_listing(folder, text), HUB).describe()


def change(path: Path, **values: object) -> None:
    said = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}), "utf-8")


async def test_an_end_token_that_is_only_named_is_found_in_the_tokenizer(folder: Path) -> None:
    change(folder / "config.json", eos_token_id=None)
    change(folder / "tokenizer_config.json", added_tokens_decoder=None, eos_token="<|end|>")
    assert (await look(folder)).eos_tokens == (2,)


async def test_an_end_token_that_is_only_named_counts_beside_those_with_an_id(folder: Path) -> None:
    change(folder / "config.json", eos_token_id=7)
    change(folder / "tokenizer_config.json", added_tokens_decoder=None, eos_token={"content": "<|end|>"})
    assert (await look(folder)).eos_tokens == (7, 2)


async def test_an_end_token_may_be_one_of_the_vocabulary(folder: Path) -> None:
    change(folder / "config.json", eos_token_id=None)
    definition = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    definition["model"]["vocab"]["</s>"] = 287
    change(folder / "tokenizer.json", added_tokens=[], model=definition["model"])
    change(folder / "tokenizer_config.json", added_tokens_decoder=None, eos_token="</s>")
    assert (await look(folder)).eos_tokens == (287,)


async def test_a_special_token_that_ends_turns_everywhere_does_so_unnamed(folder: Path) -> None:
    change(folder / "config.json", eos_token_id=7)
    added = {"2": {"content": "<|im_end|>", "special": True}, "3": {"content": "<|eot_id|>", "special": False}}
    change(folder / "tokenizer_config.json", added_tokens_decoder=added, eos_token=None)
    assert (await look(folder)).eos_tokens == (7, 2)


async def test_a_folder_that_names_no_end_anywhere_is_refused(folder: Path) -> None:
    change(folder / "config.json", eos_token_id=None)
    change(folder / "tokenizer_config.json", added_tokens_decoder=None, eos_token="<|unknown|>")
    change(folder / "tokenizer.json", added_tokens=[])
    await refused(folder, InvalidModelFolder, "which token ends a turn")


async def test_a_template_that_cannot_be_had_is_refused_before_anything_large_is_fetched(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages | xmlattr }}")
    ports = replace(ports_over(folder), template_factory=NativeChatTemplate)
    with pytest.raises(UnsupportedModel, match="filter xmlattr"):
        await Survey(ports, ADDRESS).describe()


async def test_a_server_that_is_away_says_so(folder: Path) -> None:
    async def away(url: str) -> str:
        raise DownloadFailed("HTTP 503", status=503)

    with pytest.raises(DownloadFailed):
        await Survey(replace(ports_over(folder), fetch_text=away), ADDRESS).describe()


@pytest.mark.parametrize(
    ("address", "title", "model"),
    [
        ("https://example.org/models/My Model!/", "My Model!", "my-model"),
        ("elsewhere/tiny/", "tiny", "tiny"),
        (HUB, "somebody/Tiny-0.5B", "somebody-tiny-0.5b"),
        ("https://example.org/模型/", "模型", "model-"),
    ],
)
def test_a_model_is_called_after_its_address(address: str, title: str, model: str) -> None:
    assert names(address)[0] == title
    assert names(address)[1].startswith(model)
