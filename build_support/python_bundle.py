"""Compiles the standard library, third-party packages and orion_py for the browser, into vendor/python/.

The formats and the way to boot from them stand at the top of python_bundle.mjs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from build_support import built, language_bundle, paths, progress
from build_support.downloads import obtain
from build_support.errors import BuildError
from build_support.node import Node
from build_support.processes import run
from build_support.sources import pyodide_wheels
from build_support.stamps import Stamp, digest, tree

HERE = Path(__file__).parent
OUT = paths.WORK / "python"
BUNDLES = ("stdlib.zip", "site.bin", "app.bin")
"""What Python boots from."""
LANGUAGE = "language.bin"
"""py3langid: fetched when a language is first to be detected."""


LEFT_OUT = (
    "native/", "cli/", "protocol/schema.py", "registry/schema.py", "registry/built.py", "registry/general.py",
    "runtime/scripted.py", "runtime/scripted_graphs.py", "runtime/whole.py",
    "manifest/expansion.py", "manifest/stored_matrix.py", "manifest/bit_stream.py", "manifest/rotary.py",
    "external/onnx_outline.py", "safety/evaluate_guard.py", "storage/memory.py", "storage/memory_settings.py",
    "runtime/memory_prefixes.py", "runtime/runner.py", "runtime/rotary_places.py", "opening/first_visit.py",
)  # fmt: skip
"""What only CPython runs: command lines, generators, tests' doubles, and the references of what JavaScript does."""


def app_sources() -> list[Path]:
    """The modules of orion_py that run in a browser."""
    root = paths.ROOT / "orion_py"
    return [
        path for path in tree(root, suffixes=(".py",)) if not path.relative_to(root).as_posix().startswith(LEFT_OUT)
    ]


def build(node: Node) -> list[Path]:
    """Brings the three bundles up to date; returns their paths."""
    OUT.mkdir(parents=True, exist_ok=True)
    pyodide = paths.NODE_MODULES / "pyodide"
    tools = digest([HERE / "python_bundle.mjs", HERE / "pyodide_side.py", pyodide / "package.json"])
    wheels = pyodide_wheels()
    app = app_sources()
    if not _there("stdlib", tools):
        _bundle(node, "stdlib", tools, [])
    if not _there("site", _site_key(tools)):
        with progress.step("Fetching numpy and pydantic for the browser"):
            fetched = obtain(wheels)
        _bundle(node, "site", _site_key(tools), [str(fetched[wheel]) for wheel in wheels])
    names = [path.relative_to(paths.ROOT).as_posix() for path in app]
    key = digest(app, tools, base=paths.ROOT)
    if not Stamp(OUT / "app.stamp").fresh(key, [OUT / "app.bin"]):  # changes with every edit: not worth keeping
        _bundle(node, "app", key, [str(OUT / "stdlib.zip"), str(paths.ROOT), *names])
    _language(node, tools)
    return [OUT / name for name in (*BUNDLES, LANGUAGE)]


def _language(node: Node, tools: str) -> None:
    """The bundle that isn't there at boot."""
    key = digest((), tools, language_bundle.key())
    if _there("language", key):
        return
    with progress.step("Cutting the language model down"):
        names = language_bundle.lay_out(OUT / "language")
    _bundle(node, "language", key, [str(OUT / "stdlib.zip"), str(OUT / "language"), *names], command="app")


def _site_key(tools: str) -> str:
    return digest((), tools, *(wheel.sha256 for wheel in pyodide_wheels()))


def _bundle(node: Node, name: str, key: str, arguments: list[str], command: str = "") -> None:
    """Runs python_bundle.mjs; ``command`` where it isn't called as its output."""
    target, stamp = _output(name), Stamp(OUT / f"{name}.stamp")
    titles = {
        "stdlib": "the standard library",
        "site": "numpy and pydantic",
        "app": "orion_py",
        "language": "py3langid",
    }
    stamp.forget()
    with progress.step(f"Compiling {titles[name]} for the browser"):
        partial = target.with_suffix(".partial")
        run(
            [
                node.program,
                HERE / "python_bundle.mjs",
                paths.NODE_MODULES / "pyodide",
                command or name,
                partial,
                *arguments,
            ],
            what=f"{titles[name]} can't be compiled for the browser",
        )
        os.replace(partial, target)
    stamp.write(key)
    if name != "app":
        built.keep_file(name, key, target)


def _output(name: str) -> Path:
    return OUT / ("stdlib.zip" if name == "stdlib" else f"{name}.bin")


def _there(name: str, key: str) -> bool:
    """Whether the bundle is up to date, here or as another clone compiled it."""
    stamp, target = Stamp(OUT / f"{name}.stamp"), _output(name)
    if stamp.fresh(key, [target]):
        return True
    stamp.forget()
    if not built.take_file(name, key, target):
        return False
    stamp.write(key)
    return True


def check(node: Node) -> None:
    """Boots the bundles under Node and imports everything, once for each state of the bundles."""
    key = digest([*(OUT / name for name in BUNDLES), HERE / "python_boot.mjs"])
    stamp = Stamp(OUT / "boot.stamp")
    if stamp.fresh(key):
        return
    with progress.step("Checking that Python boots from the bundles"):
        printed = run(
            [node.program, HERE / "python_boot.mjs", paths.NODE_MODULES / "pyodide", OUT],
            what="Python doesn't boot from the bundles",
            remedy="If a module is missing, see what build_support/pyodide_side.py leaves out.",
        )
    try:
        report = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise BuildError(f"The boot check printed no report: {printed.strip()[-200:]}") from error
    progress.say(f"  {report['modules']} modules of orion_py import; boot {report['boot_ms']} ms under Node")
    stamp.write(key)
