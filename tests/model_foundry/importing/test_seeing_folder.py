"""A folder of a model that sees becomes a decoder and an encoder, which compute what transformers computes."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_foundry.building.pipeline import build
from model_foundry.cli import main
from model_foundry.commands.folder import folder_job
from model_foundry.errors import FoundryError, MalformedFolder, UnknownArchitecture, UnknownTokenizer
from model_foundry.importing.seeing_folder import SeeingFolder, open_folder
from orion_py.cancellation import CancelToken
from orion_py.external.bare_tokenizer import read_tokenizer
from orion_py.generation.prompt import build_prompt
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.manifest.manifest import Manifest
from orion_py.native.graph_model import opened_graphs
from orion_py.native.kernel_runner import KernelRunner
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.runtime.segments import NO_TOKEN, Marked, calls_of, tokens_of
from orion_py.senses.sight.encoder import encoded
from tests.model_foundry.seeing.folder import PICTURES, SMOLVLM, expected, expected_tensors, picture


def options(folder: Path, **changes: Any) -> argparse.Namespace:
    fields = {"source": str(folder), "context": 512, "name": "seer", "licence": "Apache-2.0", "model_version": "1.0.0"}
    return argparse.Namespace(**{**fields, "revision": "", **changes})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    models = tmp_path_factory.mktemp("models")
    made = build(folder_job(options(SMOLVLM), exact=False), models, lambda what, done, total: None)
    return models, made.manifest


async def taken_in(models: Path, manifest: Manifest, name: str) -> Marked:
    assert manifest.sight is not None
    text = (models / manifest.sight.encoder / "manifest.json").read_bytes()
    encoder = await opened_graphs(parse_graph_manifest(text), models / "shards", 1)
    try:
        return await encoded(encoder, manifest.sight, picture(name), 512, CancelToken())
    finally:
        await encoder.close()


def test_the_manifest_says_how_the_model_sees(built: tuple[Path, Manifest]) -> None:
    _, manifest = built
    assert manifest.sight is not None
    assert manifest.sight.model_dump() == {
        "kind": "tiles",
        "encoder": "seer-eyes",
        "token": "<image>",
        "side": 32,
        "longest": 64,
        "splits": True,
        "rows": 4,
    }
    assert manifest.architecture.family == "llama"


@pytest.mark.parametrize("name", PICTURES)
async def test_the_encoders_rows_are_those_of_transformers(built: tuple[Path, Manifest], name: str) -> None:
    found = await taken_in(*built, name)
    rows = np.stack([part.rows for part in found.parts if not isinstance(part, str)])
    wanted = expected_tensors()[f"{name}.rows"].reshape(-1, 4, 32)
    assert rows.shape == wanted.shape
    # A pixel of 255 that Pillow rounds otherwise costs more than the computation does.
    assert np.abs(rows - wanted).max() < 0.003 * np.abs(wanted).max()


@pytest.mark.parametrize("name", PICTURES)
async def test_the_answer_begins_as_transformers_begins_it(built: tuple[Path, Manifest], name: str) -> None:
    models, manifest = built
    read = (models / "shards" / manifest.tokenizer).read_bytes()
    tokenizer = read_tokenizer(NativeTokenizer, manifest, read)
    shown = await taken_in(models, manifest, name)
    prompt = build_prompt(tokenizer, "", [], expected()["question"], 512, 16, embedded=[shown]).segments
    image = tokenizer.encode("<image>")[0]
    assert [image if token == NO_TOKEN else token for token in tokens_of(prompt)] == expected()["pictures"][name]["ids"]

    runner = KernelRunner(manifest, threads=1, context=512, plain=True)
    for shard in manifest.shards:
        runner.feed(shard, (models / "shards" / shard.sha256).read_bytes())
    runner.build()
    at = 0
    for call in calls_of(prompt):
        for start in range(0, len(call), runner.chunk):
            part = call.part(start, start + runner.chunk) if not isinstance(call, list) else call[start : start + 128]
            logits = runner.prefill(part, at)
            at += len(part)
    wanted = np.array(expected()["pictures"][name]["logits"])
    assert np.abs(logits - wanted).max() < 0.001 * np.ptp(wanted)
    assert int(np.argmax(logits)) == int(np.argmax(wanted))


def changed(target: Path, file: str, **changes: Any) -> Path:
    shutil.copytree(SMOLVLM, target, dirs_exist_ok=True)
    values = json.loads((target / file).read_text("utf-8"))
    for key, value in changes.items():
        holder, _, last = key.rpartition("__")
        (values[holder] if holder else values)[last] = value
    (target / file).write_text(json.dumps(values), "utf-8")
    return target


@pytest.mark.parametrize(
    ("file", "changes", "error", "reason"),
    [
        ("config.json", {"text_config__model_type": "mamba"}, UnknownArchitecture, "mamba"),
        ("config.json", {"text_config": None}, MalformedFolder, "text_config"),
        ("config.json", {"vision_config__hidden_act": "relu"}, UnknownArchitecture, "relu"),
        ("config.json", {"vision_config__image_size": 40}, UnknownArchitecture, "tiles of 32"),
        ("config.json", {"vision_config__num_hidden_layers": 3}, MalformedFolder, r"layers\.2.*missing"),
        ("config.json", {"vision_config__num_hidden_layers": 1}, UnknownArchitecture, "no place in this vision model"),
        ("config.json", {"vision_config__num_attention_heads": 3}, MalformedFolder, "don't fit"),
        ("config.json", {"scale_factor": 3}, MalformedFolder, "don't fit"),
        ("preprocessor_config.json", {"resample": 3}, UnknownArchitecture, "Lanczos"),
        ("preprocessor_config.json", {"image_std": [0.5, 0.5, 0]}, MalformedFolder, "image_std"),
        ("preprocessor_config.json", {"size": {"longest_edge": "64"}}, MalformedFolder, "longest_edge"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(
    tmp_path: Path, file: str, changes: dict[str, Any], error: type[FoundryError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        open_folder(changed(tmp_path, file, **changes))


def test_marks_that_a_person_could_type_are_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "preprocessor_config.json", size={"longest_edge": 96})
    opened = open_folder(folder)
    assert isinstance(opened, SeeingFolder)
    with pytest.raises(UnknownTokenizer, match="row_1_col_3"):
        opened.sight("eyes")


def test_a_template_that_leaves_the_picture_out_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "config.json")
    for name in ("chat_template.jinja", "chat_template.json"):
        (folder / name).unlink(missing_ok=True)
    text = "{% for m in messages %}{% for part in m['content'] %}{{ part['text'] }}{% endfor %}{% endfor %}"
    (folder / "chat_template.jinja").write_text(text, "utf-8")
    with pytest.raises(UnknownTokenizer, match="mark a picture"):
        folder_job(options(folder), exact=False)


def test_the_import_command_says_how_it_sees(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(SMOLVLM), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["family"] == "llama"
    assert told["sight"]["rows"] == 4
