"""The folders of tests/model_foundry/families, as they are and with something changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from model_foundry.importing.hf_folder import FolderPlan, plan_folder
from model_foundry.importing.safetensors_folder import SafetensorsFolder

FAMILIES = Path(__file__).parent / "families"
NAMES = ("llama", "llama3", "qwen2", "mistral", "gemma", "qwen3", "smollm3", "gemma3")
CONTEXT = 64


def expected(name: str) -> dict[str, Any]:
    """What transformers says of this folder (see families/make.py)."""
    found: dict[str, Any] = json.loads((FAMILIES / name / "expected.json").read_text("utf-8"))
    return found


def plan(path: Path, context: int | None = CONTEXT) -> FolderPlan:
    return plan_folder(SafetensorsFolder(path), context)


def changed(target: Path, name: str, file: str = "config.json", **changes: Any) -> Path:
    """A copy of folder ``name`` in ``target``, with keys of one JSON file changed; None removes a key,
    a key called ``x`` with the value ``"null"`` becomes null."""
    shutil.copytree(FAMILIES / name, target, dirs_exist_ok=True)
    values = json.loads((target / file).read_text("utf-8"))
    for key, value in changes.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = None if value == "null" else value
    (target / file).write_text(json.dumps(values), "utf-8")
    return target
