"""What of npm's packages reaches the browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_support import paths, vendor
from build_support.errors import NodeUnavailable


def test_every_vendored_file_exists_and_keeps_no_source_map() -> None:
    files = vendor.files()
    assert len(files) == len(vendor.FILES)
    for file in files:
        if file.path.suffix == ".mjs":
            assert b"sourceMappingURL" not in vendor.content(file)[-200:]


def test_wasm_is_served_as_it_is() -> None:
    wasm = next(file for file in vendor.files() if file.target == "pyodide/pyodide.asm.wasm")
    assert vendor.content(wasm) == wasm.path.read_bytes()


def test_pyodides_one_function_is_read_once() -> None:
    file = next(file for file in vendor.files() if file.target == "pyodide/pyodide.asm.mjs")
    served, module = vendor.content(file), file.path.read_bytes().rstrip()
    assert served.startswith(b"const _createPyodideModule=(async function _createPyodideModule(")
    function = module.removesuffix(b"export default _createPyodideModule;")
    assert served == b"const _createPyodideModule=(" + function + b");export default _createPyodideModule;\n"


@pytest.mark.parametrize(
    "module",
    [
        b"export default 1;\n",
        b"async function make(moduleArg={}){}export default other;",
        b"var a;async function make(moduleArg={}){}export default make;",
        b"async function make(moduleArg={}){}make.b=1;export default make;",
    ],
)
def test_a_module_of_another_shape_stays_as_it_is(module: bytes) -> None:
    assert vendor.eager(module) == module


def test_vendored_code_runs_under_the_strict_policy() -> None:
    """Neither eval nor Function: ``script-src 'self' 'wasm-unsafe-eval'`` forbids both."""
    for file in vendor.files():
        if file.target.startswith(("tokenizers/", "jinja/", "marked/", "dompurify/", "highlight/")):
            text = vendor.content(file).decode()
            assert "new Function(" not in text, file.target
            assert " eval(" not in text, file.target


def test_every_package_is_in_the_licences() -> None:
    text = vendor.licences()
    for package in ("pyodide", "onnxruntime-web", "@huggingface/tokenizers", "dompurify"):
        assert f"\n{package}\n=" in f"\n{text}"


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "NODE_MODULES", paths.ROOT / "nothing")
    with pytest.raises(NodeUnavailable, match=r"nothing/pyodide/pyodide\.mjs is missing"):
        vendor.files()
