"""Runs ``foundry import``: describes a GGUF, a folder of safetensors or an ONNX file; exports a GGUF's weights as a
folder.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from model_foundry.commands import folder
from model_foundry.errors import FoundryError, UnknownSource
from model_foundry.exporting.hf_folder import write_folder
from model_foundry.formats.pickles import refuse_pickle
from model_foundry.importing.families import import_gguf
from model_foundry.importing.gguf_file import GgufFile
from model_foundry.importing.onnx_file import check_onnx
from model_foundry.model.weights import Dense, Matrix
from orion_py.manifest.manifest import Source

_ANY_CONTEXT = 2**20
_ID = re.compile(r"[\w.-]+/[\w.-]+")
_HUB = (
    "the foundry reads what is on this machine: if that is a Hugging Face id, download its files and name their folder"
)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("import", help="say what is in a GGUF, a folder of safetensors or an ONNX file")
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    parser.add_argument("--out", type=Path, help="write a GGUF as a Hugging Face folder of dense weights, too")
    parser.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32", help="of --out")
    parser.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    path: Path = options.source
    if not path.exists():
        hub = f"; {_HUB}" if _ID.fullmatch(str(path)) else ""
        raise UnknownSource(f"there is no file or folder {path}{hub}")
    refuse_pickle(path)
    gguf = not path.is_dir() and path.suffix.lower() != ".onnx"
    if options.out and not gguf:
        raise FoundryError(f"--out writes the weights of a GGUF, and {path.name} is none")
    if gguf:
        facts = _gguf_facts(path, options.out, options.dtype)
    else:
        facts = folder.describe(path) if path.is_dir() else {"file": path.name, **asdict(check_onnx(path))}
    if options.json:
        print(json.dumps(facts))
        return 0
    table = Table("Property", "Value")
    for name, value in facts.items():
        table.add_row(name, str(value))
    Console().print(table)
    return 0


def _gguf_facts(path: Path, out: Path | None, dtype: str) -> dict[str, object]:
    file = GgufFile(path)
    source = Source(name=path.stem, file=path.name, sha256=file.sha256(), revision="")
    model = import_gguf(file, _ANY_CONTEXT, source)
    if out:
        write_folder(model, out, dtype)
    return {
        "file": source.file,
        "sha256": source.sha256,
        **model.architecture.model_dump(),
        "embedding": _form(model.embedding),
        "linear_layers": ", ".join(sorted({_form(linear.weight) for linear in model.linears()})),
        "rounding": {kind: round(error, 6) for kind, error in file.rounding().items()},
        "eos_tokens": list(model.tokenizer.eos_tokens),
        "special_tokens": len(model.tokenizer.definition["added_tokens"]),
    }


def _form(matrix: Matrix) -> str:
    return f"floats, {matrix.dtype}" if isinstance(matrix, Dense) else f"{type(matrix).__name__} {matrix.bits} bits"
