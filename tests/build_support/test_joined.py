"""Modules joined into one file: the same to whoever imports it, and a start asks for few of them."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from build_support import joined, node, paths
from build_support.errors import BuildError
from tests.bridge.modules import WEB, imports, modules

pytestmark = pytest.mark.skipif(
    not (paths.NODE_MODULES / "esbuild").exists(), reason="nothing is set up: python3 build.py setup"
)
PAGE = ("app.js", "bridge/page/charts.js", "bridge/page/markdown.js")
ENGINE = ("workers/engine.js", "bridge/worker/engine/texts.js")
STATELESS = {"bridge/page/thoughts.js"}
"""What may run twice in one place."""
LITTLE = {
    "workers/engine.js": """
        import { where } from "../bridge/deep/where.js";
        export const root = new URL("../", import.meta.url).href;
        export const seen = [where];
        export const texts = () => import("../bridge/worker/engine/texts.js");
        export const later = () => import("../bridge/deep/later.js");
    """,
    "bridge/deep/where.js": """
        /** What is fetched from beside it. */
        export const where = new URL("../../kernel/", import.meta.url).href;
    """,
    "bridge/deep/later.js": """
        globalThis.ran = true;
        export { where } from "./where.js";
    """,
    "bridge/worker/engine/texts.js": 'export { made } from "../../../vendor/made/made.mjs";',
}


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(joined, "OUT", tmp_path / "joined")
    return tmp_path / "joined"


def little(changed: dict[str, str] | None = None) -> joined.Joined:
    files = {**LITTLE, **(changed or {})}
    return joined.build(node.find(), {url: text.encode() for url, text in files.items()})


def whole() -> joined.Joined:
    plan: dict[str, Path | bytes] = {path.as_posix(): WEB / path for path in modules()}
    return joined.build(node.find(), plan)


def text_of(file: Path | bytes) -> str:
    return file.decode() if isinstance(file, bytes) else file.read_text()


def run(site: Path, script: str) -> dict[str, object]:
    file = site / "run.mjs"
    file.write_text(script)
    printed = subprocess.run([node.find().program, file], capture_output=True, text=True, timeout=60, check=True).stdout
    told: dict[str, object] = json.loads(printed)
    return told


def test_a_joined_module_exports_and_finds_what_its_sources_do(tmp_path: Path) -> None:
    """At the site's own addresses, with what is in vendor/ beside it; the modules themselves are gone."""
    made = little()
    site = tmp_path / "site"
    texts = {url: text_of(file).encode() for url, file in made.files.items()}
    for url, text in {**texts, "vendor/made/made.mjs": b"export const made = 7;"}.items():
        (site / url).parent.mkdir(parents=True, exist_ok=True)
        (site / url).write_bytes(text)
    told = run(
        site,
        """
        const { root, seen, texts, later } = await import("./workers/engine.js");
        const { made } = await texts();
        const before = globalThis.ran === true;
        const { where } = await later();
        console.log(JSON.stringify({ root, seen, made, before, where, after: globalThis.ran }));
        """,
    )
    base = site.as_uri()
    kernel = f"{base}/kernel/"
    assert told == {"root": f"{base}/", "seen": [kernel], "made": 7, "before": False, "where": kernel, "after": True}


def test_it_says_which_modules_need_not_be_asked_for() -> None:
    made = little()
    assert set(made.files) == {"workers/engine.js", "bridge/worker/engine/texts.js"}
    assert made.parts == {"bridge/deep/where.js", "bridge/deep/later.js"}


def test_joined_files_hold_no_comments() -> None:
    assert "What is fetched" not in text_of(little().files["workers/engine.js"])


def test_they_are_joined_again_only_when_a_module_changed(out: Path) -> None:
    little()
    first = (out / "made/workers/engine.js").stat().st_ino
    little()
    assert (out / "made/workers/engine.js").stat().st_ino == first
    changed = little({"bridge/deep/where.js": "export const where = 'elsewhere';"})
    assert "elsewhere" in text_of(changed.files["workers/engine.js"])


def test_a_module_that_cant_be_read_fails_the_build_in_words() -> None:
    with pytest.raises(BuildError, match="can't be joined"):
        little({"bridge/deep/where.js": "export const = ;"})


def test_the_pages_styles_are_one_file_in_their_order() -> None:
    page = b'<head>\n  <link rel="stylesheet" href="a/x.css">\n  <link rel="stylesheet" href="b.css">\n  <title>'
    made = joined.build(node.find(), {"index.html": page, "a/x.css": b"a {}\n", "b.css": b"b {}\n"})
    assert made.parts == {"a/x.css", "b.css"}
    assert made.files == {
        "index.html": b'<head>\n  <link rel="stylesheet" href="styles/page.css">\n  <title>',
        "styles/page.css": b"a {}\nb {}\n",
    }


def test_a_style_that_names_a_file_beside_it_cant_be_moved() -> None:
    page = b'<link rel="stylesheet" href="a/x.css">\n'
    with pytest.raises(BuildError, match=r"a/x\.css names another file"):
        joined.build(node.find(), {"index.html": page, "a/x.css": b"a { background: url(x.png) }"})


def test_a_site_without_such_modules_has_nothing_to_join() -> None:
    assert joined.build(node.find(), {"index.html": b"<p>"}) == joined.Joined({}, frozenset())


def test_the_page_and_each_worker_start_with_one_file() -> None:
    for url, file in whole().files.items():
        if url.startswith(("workers/", "app.js")):
            assert re.findall(r"^(?:import|export) .*\bfrom\b.*$", text_of(file), re.MULTILINE) == [], url


@pytest.mark.parametrize("place", [PAGE, ENGINE])
def test_no_module_with_a_state_is_in_two_files_of_one_place(place: tuple[str, ...], out: Path) -> None:
    whole()
    inputs: dict[str, list[str]] = json.loads((out / "inputs.json").read_text())
    held = Counter(module for entry in place for module in inputs[entry])
    assert {module for module, count in held.items() if count > 1} <= STATELESS


def test_what_is_kept_imports_nothing_that_isnt() -> None:
    made = whole()
    kept = {path.as_posix() for path in modules()} - made.parts - set(made.files)
    assert {url for module in kept for url in imports(Path(module))} & made.parts == set()
