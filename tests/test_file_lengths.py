"""No file of ours has more than 400 lines: one concept each, and a reader can hold it."""

from __future__ import annotations

from pathlib import Path

from tests.git_files import git_files

ROOT = Path(__file__).parents[1]
MOST = 400
WRITTEN = {".py", ".pyi", ".js", ".mjs", ".ts", ".mts", ".c", ".h", ".html", ".css", ".json", ".toml", ".md", ".yaml"}
"""What people write; the rest is data, such as examples, recordings and locks."""
GENERATED = {
    "web/protocol.schema.json": "orion_py/protocol/schema.py",
    "web/bridge/shared/protocol.d.ts": "orion_py/protocol/schema.py",
    "models.schema.json": "orion_py/registry/schema.py",
    "package-lock.json": "npm",
    "tests/model_foundry/families/*/tokenizer.json": "tests/model_foundry/families/make.py",
    "tests/model_foundry/seeing/*/tokenizer.json": "tests/model_foundry/seeing/make.py",
}
"""By what."""
WORD_LISTS = {"web/ui/words/*.json"}


def ours() -> list[Path]:
    """The files that git knows or would take, but for those that are generated and word lists."""
    listed = git_files()
    assert listed is not None, "not a git checkout"
    paths = [Path(name) for name in listed]
    return [path for path in paths if path.suffix in WRITTEN and not any(map(path.match, (*GENERATED, *WORD_LISTS)))]


def test_no_file_of_ours_is_longer_than_400_lines() -> None:
    lengths = {path.as_posix(): len((ROOT / path).read_text("utf-8").splitlines()) for path in ours()}
    assert "web/index.html" in lengths
    assert {name: length for name, length in lengths.items() if length > MOST} == {}


def test_what_generates_a_long_file_is_there() -> None:
    for files, maker in GENERATED.items():
        assert maker == "npm" or (ROOT / maker).is_file(), maker
        assert list(ROOT.glob(files)), files
