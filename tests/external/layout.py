"""Tiny models of each supported architecture in the usual ONNX layout, written where a test wants them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import onnx

from tests.external.onnx_decoder import Decoder
from tests.model_foundry.folders import FAMILIES

ARCHITECTURES = ("llama", "qwen2", "mistral", "gemma", "qwen3", "smollm3")
TEXTS = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
README = "---\nlanguage: en\nlicense: {}\ntags:\n- tiny\n---\n# A tiny random model\n"


def write_folder(
    target: Path,
    family: str,
    *,
    licence: str = "mit",
    int8: bool = False,
    external: bool = False,
    positions: bool = True,
    keep: bool = False,
) -> Path:
    """A folder as a server has it. ``external``: weights beside the graph; ``positions``: the graph asks
    for position_ids; ``keep``: it asks how many logits to give."""
    (target / "onnx").mkdir(parents=True)
    for name in TEXTS:
        shutil.copyfile(FAMILIES / family / name, target / name)
    (target / "README.md").write_text(README.format(licence), "utf-8")
    model = Decoder(FAMILIES / family, int8=int8, positions=positions, keep=keep).model()
    path = target / "onnx" / ("model_quantized.onnx" if int8 else "model.onnx")
    data = f"{path.name}_data"
    onnx.save_model(model, path, save_as_external_data=external, location=data, size_threshold=256)
    return target


def listing(folder: Path) -> list[dict[str, Any]]:
    """What the Hub's listing says of it: sha256 and size of what it keeps as large files."""
    rows: list[dict[str, Any]] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        row: dict[str, Any] = {"type": "file", "path": path.relative_to(folder).as_posix(), "size": len(data)}
        row["oid"] = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        if "onnx" in path.parts[-2:][0] or path.name == "tokenizer.json":
            row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        rows.append(row)
    return [{"type": "directory", "path": "onnx", "size": 0, "oid": "0" * 40}, *rows]


def publish(root: Path, repo: str, family: str, **options: Any) -> str:
    """Lays a model out below ``root`` as the Hub does, with its listing; returns the folder's path there."""
    folder = write_folder(root / repo / "resolve" / "main", family, **options)
    tree = root / "api" / "models" / repo / "tree"
    tree.mkdir(parents=True)
    (tree / "main").write_text(json.dumps(listing(folder)), "utf-8")
    return f"{repo}/resolve/main/"
