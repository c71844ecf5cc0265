"""Brings the peers' weights into the cache: the GGUF, its Q8_0 form, and the ONNX export."""

from __future__ import annotations

import json
import os
import shutil
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_support import paths, progress
from build_support.downloads import obtain
from build_support.environment import install
from build_support.locks import alone
from build_support.processes import run
from build_support.sources import MODELS
from build_support.stamps import digest

HERE = Path(__file__).parent
EXPORTER = HERE / "export_onnx.py"
REQUIREMENTS = HERE / "requirements.lock"


def folder() -> Path:
    """Where they are kept."""
    return paths.cache() / "bench"


def weights(name: str, site: Path, model: str) -> dict[str, Path]:
    """The files to serve below weights/, made from the GGUF of ``name``. Raises BuildError."""
    gguf = obtain([MODELS[name]])[MODELS[name]]
    if name != "lite":
        return {"source.gguf": gguf}
    exported = export(gguf)
    tokenizer = tokenizer_files(site, model, exported.parent / f"{exported.name}-tokenizer")
    files = {"q4_1.gguf": gguf, "q8_0.gguf": q8(gguf)}
    for file in [*exported.rglob("*"), *tokenizer]:
        if file.is_file():
            root = exported if file.is_relative_to(exported) else file.parent
            files[f"model/{file.relative_to(root).as_posix()}"] = file
    return files


def q8(gguf: Path) -> Path:
    """``gguf`` as Q8_0."""
    from bench.weights.gguf_q8 import requantize

    target = folder() / f"{digest([HERE / 'gguf_q8.py'], gguf.name)[:16]}-q8_0.gguf"
    return once(target, "Requantizing the GGUF for wllama", lambda partial: requantize(gguf, partial))


def export(gguf: Path) -> Path:
    """``gguf`` as transformers.js' q8, in a folder."""
    target = folder() / f"{digest([EXPORTER, REQUIREMENTS], gguf.name)[:16]}-onnx"

    def make(partial: Path) -> None:
        partial.mkdir(parents=True)
        # transformers finds a GGUF by its name's end.
        named = partial.parent / f"{partial.name}.gguf"
        named.unlink(missing_ok=True)
        named.symlink_to(gguf)
        try:
            run([exporter_python(), EXPORTER, named, partial], what="the ONNX export for transformers.js failed")
        finally:
            named.unlink()

    return once(target, "Exporting the model to ONNX for transformers.js", make)


def exporter_python() -> Path:
    """An interpreter with the exporter's packages: some gigabytes that nothing else needs."""
    return interpreter(environment("venv", REQUIREMENTS, "Installing the ONNX exporter (large, once)"))


def environment(name: str, requirements: Path, title: str) -> Path:
    """The folder of an environment of its own with what the lock ``requirements`` names, made once. Raises
    EnvironmentFailed."""

    def make(partial: Path) -> None:
        venv.EnvBuilder(with_pip=True, clear=True).create(partial)
        install(requirements, interpreter(partial))

    return once(folder() / f"{name}-{digest([requirements], sys.version)[:16]}", title, make)


def interpreter(home: Path) -> Path:
    """The Python of the environment in ``home``."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def tokenizer_files(site: Path, model: str, target: Path) -> list[Path]:
    """tokenizer.json and tokenizer_config.json as transformers.js wants them, from the model's own shard."""
    manifest = json.loads((site / "models" / model / "manifest.json").read_text())
    definition: dict[str, Any] = json.loads((site / "models" / "shards" / manifest["tokenizer"]).read_text())
    config = {
        "tokenizer_class": "GPT2Tokenizer",
        "chat_template": definition["chat_template"],
        "bos_token": definition["bos_token"],
        "eos_token": definition["eos_token"],
    }
    target.mkdir(parents=True, exist_ok=True)
    files = {"tokenizer.json": definition["tokenizer"], "tokenizer_config.json": config}
    for name, content in files.items():
        (target / name).write_text(json.dumps(content))
    return [target / name for name in files]


def once(target: Path, title: str, make: Callable[[Path], None]) -> Path:
    """``target``, made under another name and moved there when it is whole."""
    if target.exists():
        return target
    with alone(target.with_name(f"{target.name}.lock"), f"making {target}"):
        if target.exists():
            return target
        partial = target.with_name(f"partial-{target.name}")
        _remove(partial)
        try:
            with progress.step(title):
                make(partial)
            partial.rename(target)
        except BaseException:
            _remove(partial)
            raise
    return target


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
