"""Chooses which files of npm packages reach the browser, and under which name below ``vendor/``.

All but PyScript's and Temml are ES modules that run under ``script-src 'self' 'wasm-unsafe-eval'`` as they are:
nothing is bundled or rewritten, but for the reference to a source map that isn't shipped, and two parentheses around
Pyodide's one large function.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from build_support import paths
from build_support.errors import NodeUnavailable

_ORT = "onnxruntime-web/dist"
_PYSCRIPT = "@pyscript/core/dist"

FILES: dict[str, str] = {
    # Pyodide, for the engine's worker.
    "pyodide/pyodide.mjs": "pyodide/pyodide.mjs",
    "pyodide/pyodide.asm.mjs": "pyodide/pyodide.asm.mjs",
    "pyodide/pyodide.asm.wasm": "pyodide/pyodide.asm.wasm",
    # onnxruntime-web: on the processor (ort.wasm looks for ort-wasm-simd-threaded), and with WebGPU
    # (ort.webgpu looks for the asyncify build).
    "ort/ort.wasm.min.mjs": f"{_ORT}/ort.wasm.min.mjs",
    "ort/ort-wasm-simd-threaded.mjs": f"{_ORT}/ort-wasm-simd-threaded.mjs",
    "ort/ort-wasm-simd-threaded.wasm": f"{_ORT}/ort-wasm-simd-threaded.wasm",
    "ort/ort.webgpu.min.mjs": f"{_ORT}/ort.webgpu.min.mjs",
    "ort/ort-wasm-simd-threaded.asyncify.mjs": f"{_ORT}/ort-wasm-simd-threaded.asyncify.mjs",
    "ort/ort-wasm-simd-threaded.asyncify.wasm": f"{_ORT}/ort-wasm-simd-threaded.asyncify.wasm",
    # MicroPython, for the page: export async function loadMicroPython(options).
    "micropython/micropython.mjs": "@micropython/micropython-webassembly-pyscript/micropython.mjs",
    "micropython/micropython.wasm": "@micropython/micropython-webassembly-pyscript/micropython.wasm",
    # Tokenizer and chat template, for the engine's worker: export class Tokenizer, class Template.
    "tokenizers/tokenizers.mjs": "@huggingface/tokenizers/dist/tokenizers.min.mjs",
    "jinja/index.js": "@huggingface/jinja/dist/index.js",
    # SHA-256 where the browser offers none (a page served over plain http): export function sha256.
    "noble/sha2.js": "@noble/hashes/sha2.js",
    "noble/_md.js": "@noble/hashes/_md.js",
    "noble/_u64.js": "@noble/hashes/_u64.js",
    "noble/utils.js": "@noble/hashes/utils.js",
    # Answers on the page: export function marked; export default DOMPurify; export default hljs (it
    # knows some 40 common languages).
    "marked/marked.mjs": "marked/lib/marked.esm.js",
    "idiomorph/idiomorph.esm.js": "idiomorph/dist/idiomorph.esm.js",
    "dompurify/purify.mjs": "dompurify/dist/purify.es.mjs",
    "highlight/highlight.mjs": "@highlightjs/cdn-assets/es/highlight.min.js",
    "highlight/github.min.css": "@highlightjs/cdn-assets/styles/github.min.css",
    "highlight/github-dark.min.css": "@highlightjs/cdn-assets/styles/github-dark.min.css",
    # Formulas in answers, brought when the first one is drawn: a plain script that makes the global temml.
    "temml/temml.min.js": "temml/dist/temml.min.js",
    # Codes in pictures, for the engine's worker: export function readBarcodes.
    "zxing/share.js": "zxing-wasm/dist/es/share.js",
    "zxing/reader/index.js": "zxing-wasm/dist/es/reader/index.js",
    "zxing/zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
    # PyScript's editor, for the agent workshop: not under the page's policy but in a frame with its own.
    "pyscript/core.js": f"{_PYSCRIPT}/core.js",
    "pyscript/core-C9KDLldu.js": f"{_PYSCRIPT}/core-C9KDLldu.js",
    "pyscript/error-D2315lOB.js": f"{_PYSCRIPT}/error-D2315lOB.js",
    "pyscript/deprecations-manager-UpAPKqCb.js": f"{_PYSCRIPT}/deprecations-manager-UpAPKqCb.js",
    "pyscript/py-editor-C4XsZtn7.js": f"{_PYSCRIPT}/py-editor-C4XsZtn7.js",
    "pyscript/codemirror-BDx3jn9j.js": f"{_PYSCRIPT}/codemirror-BDx3jn9j.js",
    "pyscript/codemirror_commands-JTJPAaAA.js": f"{_PYSCRIPT}/codemirror_commands-JTJPAaAA.js",
    "pyscript/codemirror_lang-python-r-dBg-Wd.js": f"{_PYSCRIPT}/codemirror_lang-python-r-dBg-Wd.js",
    "pyscript/codemirror_language-BeYrpeur.js": f"{_PYSCRIPT}/codemirror_language-BeYrpeur.js",
    "pyscript/codemirror_state-DxSVIxgn.js": f"{_PYSCRIPT}/codemirror_state-DxSVIxgn.js",
    "pyscript/codemirror_view-BsXnWedx.js": f"{_PYSCRIPT}/codemirror_view-BsXnWedx.js",
    "pyscript/index-CSo4Vcso.js": f"{_PYSCRIPT}/index-CSo4Vcso.js",
    # Charts on the page, imported when its engine panel is first opened: export default uPlot.
    "uplot/uplot.mjs": "uplot/dist/uPlot.esm.js",
    "uplot/uplot.css": "uplot/dist/uPlot.min.css",
}

LAZY = (
    "vendor/ort/",
    "vendor/python/language.bin",
    "vendor/python/packages/",
    "vendor/pyscript/",
    "vendor/zxing/",
    "vendor/noble/",
)
"""Beginnings of what isn't precached but kept on first use: the router's encoder wants the first, once the first
model is ready, and so do a GPU and a device that can't run our kernel; only questions in other languages want
the next, only code of a person's own the next, only the workshop the next, only pictures the next; the last only pages
that have no service worker anyway."""

BOOT = ("vendor/pyodide/", "vendor/python/")
"""Beginnings of what Python boots from. All of it has to be there before the first import runs: on a slow
connection nothing else may share it."""

_SOURCE_MAP = re.compile(rb"\n//[#@] sourceMappingURL=\S+\s*$")

_ONE_FUNCTION = re.compile(
    rb"(?P<function>async function (?P<name>\w+)\(moduleArg=\{\}\)\{.*\})export default (?P=name);\s*", re.DOTALL
)


@dataclass(frozen=True)
class Vendored:
    """One file to put at ``vendor/<target>``."""

    target: str
    path: Path


def files() -> list[Vendored]:
    """Everything to copy. Raises NodeUnavailable if a package lacks a file that it used to have."""
    found = []
    for target, name in FILES.items():
        path = paths.NODE_MODULES / name
        if not path.is_file():
            raise NodeUnavailable(
                f"The npm packages are incomplete: {path.relative_to(paths.ROOT)} is missing.",
                "Delete node_modules and run the command again.",
            )
        found.append(Vendored(target, path))
    return found


def content(vendored: Vendored) -> bytes:
    """What is served for ``vendored``."""
    data = vendored.path.read_bytes()
    if vendored.path.suffix not in (".js", ".mjs"):
        return data
    data = _SOURCE_MAP.sub(b"\n", data)
    return eager(data) if vendored.target == "pyodide/pyodide.asm.mjs" else data


def eager(module: bytes) -> bytes:
    """``module``, if all of it is one function that it exports as its default, with that function in parentheses.

    A worker's start runs Pyodide's, which is 1.2 MB long. Engines read a function first to find its end, and once more
    when it is called; one that begins behind a parenthesis they take for one that is called at once, and read it once
    (https://v8.dev/blog/preparser). Browsers don't keep what they compiled of modules in a worker that a service worker
    serves. Any other module stays as it is.
    """
    found = _ONE_FUNCTION.fullmatch(module)
    if found is None:
        return module
    name, function = found["name"], found["function"]
    return b"const %b=(%b);export default %b;\n" % (name, function, name)


def licences() -> str:
    """The licences of everything vendored, as one text."""
    packages = sorted({_package(name) for name in FILES.values()})
    sections = []
    for package in packages:
        folder = paths.NODE_MODULES / package
        texts = sorted(path for path in folder.iterdir() if path.name.upper().startswith(("LICENSE", "LICENCE")))
        body = "\n\n".join(path.read_text(errors="replace").strip() for path in texts)
        if not body:
            declared = json.loads((folder / "package.json").read_text()).get("license", "not stated")
            body = f"Licence: {declared} (the package carries no text)"
        sections.append(f"{package}\n{'=' * len(package)}\n\n{body}\n")
    return "\n\n".join(sections)


def _package(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[:2]) if path.startswith("@") else parts[0]
