"""What is checked before a site is written, and what the precache list holds."""

from __future__ import annotations

import hashlib

import pytest

from build_support import paths, python_bundle, site, vendor
from build_support.site import Content, absolute_urls, broken_imports, precache


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.html", '<script src="/app.js">'),
        ("index.html", "<a href='/help'>"),
        ("a.css", "a { background: url(/x.png) }"),
        ("a.css", 'a { background: url( "/x.png") }'),
        ("a.js", 'import { x } from "/x.js";'),
        ("a.js", 'await import("/x.js")'),
        ("a.js", 'fetch("/models.json")'),
        ("a.js", 'new Worker("/w.js", {})'),
        ("a.js", 'navigator.serviceWorker.register("/sw.js")'),
        ("manifest.webmanifest", '"start_url": "/"'),
    ],
)
def test_a_url_from_the_hosts_root_is_found(name: str, text: str) -> None:
    assert absolute_urls({name: text.encode()})[0].startswith(f"{name}:1 has ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("index.html", '<script src="./app.js"> <a href="help"> <a href="#x">'),
        ("a.js", 'import { x } from "../x.js"; const half = a / b; // src = half/2'),
        ("manifest.webmanifest", '"start_url": "./"'),
        ("image.bin", 'src="/x"'),
    ],
)
def test_relative_urls_and_plain_text_pass(name: str, text: str) -> None:
    assert absolute_urls({name: text.encode()}) == []


def test_an_import_of_a_file_that_isnt_served_is_found() -> None:
    files: dict[str, Content] = {
        "workers/a.js": b'import { b } from "../bridge/b.js"; import "./gone.js"; await import("../vendor/x.mjs");',
        "bridge/b.js": b"/** @typedef {import('./types.js').T} T */ export const b = 1;",
    }
    assert broken_imports(files) == ["workers/a.js imports ./gone.js", "workers/a.js imports ../vendor/x.mjs"]


SHELL: dict[str, Content] = {
    "index.html": b"<p>",
    "sw.js": b"const VERSION = '__ORION_VERSION__';",
    "models.json": b"{}",
    "models/lite/manifest.json": b"{}",
    "models/shards/abc": b"weights",
    "kernel/plain.wasm": b"wasm",
    "vendor/ort/ort-wasm-simd-threaded.wasm": b"large",
}


def test_the_shell_is_precached_without_models_and_what_only_some_devices_need() -> None:
    files = precache(SHELL)["files"]
    assert isinstance(files, list)
    assert {file["url"] for file in files} == {"index.html", "models.json", "kernel/plain.wasm"}
    page = {"url": "index.html", "part": 2, "size": 3, "sha256": hashlib.sha256(b"<p>").hexdigest()}
    assert page in files


def test_what_boots_the_engine_comes_first_then_what_its_model_wants_then_the_rest() -> None:
    boot = [
        "vendor/pyodide/pyodide.asm.wasm",
        "vendor/pyodide/pyodide.mjs",
        "vendor/python/app.bin",
        "vendor/python/site.bin",
        "vendor/python/stdlib.zip",
    ]
    first_model = ["kernel/plain.wasm", "kernel/relaxed-threads.wasm"]
    others = [
        "kernel/relaxed-threads.wasm",
        "vendor/python/language.bin",
        "app.js",
        "icons/orion-512.png",
        "vendor/uplot/uplot.mjs",
    ]
    files = precache({**SHELL, **{url: b"x" for url in (*others, *reversed(boot))}})["files"]
    assert isinstance(files, list)
    assert [file["url"] for file in files if file["part"] == 0] == boot
    assert [file["url"] for file in files if file["part"] == 1] == first_model
    assert [file["part"] for file in files] == sorted(file["part"] for file in files)


def test_all_that_python_boots_from_is_in_the_first_part() -> None:
    wanted = {f"vendor/python/{name}" for name in python_bundle.BUNDLES}
    wanted |= {f"vendor/{target}" for target in vendor.FILES if target.startswith("pyodide/")}
    files = precache({url: b"x" for url in (*wanted, "app.js")})["files"]
    assert isinstance(files, list)
    assert {file["url"] for file in files if file["part"] == 0} == wanted


@pytest.mark.parametrize("changed", ["index.html", "sw.js"])
def test_a_changed_shell_has_another_version(changed: str) -> None:
    assert precache(SHELL)["version"] != precache({**SHELL, changed: b"changed"})["version"]


def test_a_changed_model_leaves_the_version_as_it_is() -> None:
    assert precache(SHELL)["version"] == precache({**SHELL, "models/shards/abc": b"other"})["version"]


def test_a_model_that_was_made_later_is_no_new_version_of_the_page() -> None:
    """Its entry in the registry is asked for at each visit; the service worker would be installed anew for nothing."""
    later = precache({**SHELL, "models.json": b'{"models": []}'})
    assert precache(SHELL)["version"] == later["version"]
    assert precache(SHELL)["files"] != later["files"]


def test_an_origin_that_is_allowed_stands_in_both_policies_and_in_the_engines_list() -> None:
    files = {name: paths.WEB / name for name in ("index.html", "sw.js", "bridge/worker/engine/origins.js")}
    assert site.with_origins(files, []) == {}
    made = site.with_origins(files, ["https://example.org"])
    for name in ("index.html", "sw.js"):
        assert b"connect-src 'self' https://example.org;" in made[name]
    assert b'"https://example.org".split' in made["bridge/worker/engine/origins.js"]
