"""The packages for people's own Python: pinned, pure, whole, and named where people read of them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from build_support import cell_packages, lockfile, paths, vendor
from build_support.errors import BuildError
from build_support.node import Node


def wheel(folder: Path, name: str, requires: tuple[str, ...] = (), tag: str = "py3-none-any") -> Path:
    path = folder / f"{name}-1.0-{tag}.whl"
    headers = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {row}" for row in requires)]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", "")
        archive.writestr(f"{name}_extra.py", "")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", "\n".join(headers) + "\n")
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return path


def test_a_wheel_says_what_it_installs_and_requires(tmp_path: Path) -> None:
    rows = ("six>=1", "colorama; sys_platform == 'win32'", "numpy; extra == 'fast'", "tomli; python_version < '3.11'")
    path = wheel(tmp_path, "spam", rows)
    found = cell_packages.describe("spam", "1.0", path.name, path)
    assert found.imports == ("spam", "spam_extra")
    assert found.requires == ("six",)


def test_a_wheel_with_compiled_code_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path, "spam", tag="cp314-cp314-linux_x86_64")
    with pytest.raises(BuildError, match="pure Python"):
        cell_packages.describe("spam", "1.0", path.name, path)


def test_a_lock_that_lacks_what_a_package_requires_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wheel(tmp_path, "spam", ("eggs",))
    lock = tmp_path / "requirements-cells.lock"
    lock.write_text(f"spam==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    monkeypatch.setattr(cell_packages, "LOCK", lock)
    monkeypatch.setattr(cell_packages, "whole_wheel", lambda name, version, hashes: (path.name, path))
    with pytest.raises(BuildError, match="lacks eggs"):
        cell_packages.fetched()


def test_every_package_is_pinned_by_hash_and_what_is_asked_for_is_pinned() -> None:
    pinned = {pin.name: pin for pin in lockfile.parse(cell_packages.LOCK)}
    assert all(pin.hashes and not pin.marker for pin in pinned.values())
    asked = [
        line for line in (paths.ROOT / "requirements-cells.in").read_text("utf-8").splitlines() if line[:1].isalnum()
    ]
    assert {lockfile.canonical(name) for name in asked} <= set(pinned)


def test_wheels_are_fetched_when_they_are_first_imported() -> None:
    assert cell_packages.FOLDER in vendor.LAZY


def test_what_is_compiled_needs_no_wheel_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clone that is built goes on without a network, though its cache of downloads was emptied."""
    fetched: list[str] = []

    def fetch() -> dict[cell_packages.Package, Path]:
        fetched.append("all")
        return {cell_packages.Package("spam", "1.0", "spam-1.0.bin", ("spam",), ()): tmp_path / "spam.whl"}

    def compile_all(node: object, wheels: dict[cell_packages.Package, Path]) -> None:
        cell_packages.OUT.mkdir(exist_ok=True)
        for package in wheels:
            (cell_packages.OUT / package.file).write_bytes(b"bundle")

    monkeypatch.setattr(cell_packages, "OUT", tmp_path / "packages")
    monkeypatch.setattr(cell_packages, "_tools", lambda: "tools")
    monkeypatch.setattr(cell_packages, "fetched", fetch)
    monkeypatch.setattr(cell_packages, "compile_all", compile_all)
    node = Node(Path("node"), ())
    first = cell_packages.files(node)
    assert cell_packages.files(node) == first
    assert fetched == ["all"]
    assert cell_packages.made()
    (tmp_path / "packages" / "spam-1.0.bin").unlink()
    assert not cell_packages.made()
    assert cell_packages.files(node) == first
    assert fetched == ["all", "all"]


def test_a_list_that_was_half_written_isnt_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the bundles and their list, the next run makes both."""
    package = cell_packages.Package("spam", "1.0", "spam-1.0.bin", ("spam",), ())
    stops = [False, True, False]

    def compile_all(node: object, wheels: object) -> None:
        if stops.pop(0):
            (cell_packages.OUT / "index.json").write_text("[{")
            raise KeyboardInterrupt
        cell_packages.OUT.mkdir(exist_ok=True)
        (cell_packages.OUT / package.file).write_bytes(b"bundle")

    monkeypatch.setattr(cell_packages, "OUT", tmp_path / "packages")
    monkeypatch.setattr(cell_packages, "_tools", lambda: "tools")
    monkeypatch.setattr(cell_packages, "fetched", lambda: {package: tmp_path / "spam.whl"})
    monkeypatch.setattr(cell_packages, "compile_all", compile_all)
    whole = cell_packages.files(NODE)
    (tmp_path / "packages" / package.file).unlink()
    with pytest.raises(KeyboardInterrupt):
        cell_packages.files(NODE)
    assert cell_packages.files(NODE) == whole


def test_nothing_is_compiled_before_there_is_a_pyodide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "NODE_MODULES", tmp_path)
    assert not cell_packages.made()


NODE = Node(Path("node"), ())


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What python_bundle.mjs is asked to compile; the cache is empty."""
    commands: list[list[str]] = []

    def run(command: Sequence[str | Path], **_: Any) -> str:
        commands.append([str(part) for part in command[3:]])
        for file in commands[-1][2::2]:
            Path(commands[-1][1], file).write_text(f"bundle {len(commands)}")
        return ""

    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cell_packages, "OUT", tmp_path / "out")
    monkeypatch.setattr(cell_packages, "_tools", lambda: "tools")
    monkeypatch.setattr(cell_packages, "run", run)
    return commands


def test_all_wheels_are_compiled_at_once_and_taken_by_other_clones(
    asked: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = {
        cell_packages.Package(name, "1", f"{name}-1.bin", (), ()): tmp_path / f"hash-of-{name}" for name in ("a", "b")
    }
    cell_packages.compile_all(NODE, wheels)
    kept = (tmp_path / "cache").rename(tmp_path / "emptied")
    cell_packages.compile_all(NODE, wheels)
    kept.rename(tmp_path / "cache")
    out = str(tmp_path / "out")
    assert asked == [["packages", out, "a-1.bin", str(tmp_path / "hash-of-a"), "b-1.bin", str(tmp_path / "hash-of-b")]]
    monkeypatch.setattr(cell_packages, "OUT", tmp_path / "another")
    cell_packages.compile_all(NODE, wheels)
    cell_packages.compile_all(NODE, wheels)
    assert len(asked) == 1
    assert (tmp_path / "another" / "b-1.bin").read_text() == "bundle 1"
    (first, second) = wheels
    cell_packages.compile_all(NODE, {first: wheels[first], second: tmp_path / "another-hash"})
    assert len(asked) == 2, "another wheel makes all of them anew"


def test_the_locks_wheels_are_described_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements-cells.lock"
    lock.write_text(f"tzdata==1.0 --hash=sha256:{'0' * 64}\nspam==1.0 --hash=sha256:{'1' * 64}\n")
    wheels = {name: wheel(tmp_path, name, requires) for name, requires in {"tzdata": (), "spam": ("tzdata",)}.items()}
    monkeypatch.setattr(cell_packages, "LOCK", lock)
    monkeypatch.setattr(cell_packages, "whole_wheel", lambda name, version, hashes: (wheels[name].name, wheels[name]))
    found = cell_packages.fetched()
    assert [(package.name, package.requires) for package in found] == [("tzdata", ()), ("spam", ("tzdata",))]
    assert next(iter(found)).imports == ("tzdata", "tzdata_extra", "zoneinfo"), "zoneinfo finds no zone without it"
    assert list(found.values()) == list(wheels.values())


def test_a_wheel_is_described_by_its_own_metadata_and_not_by_that_of_what_it_carries(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("spam/_vendor/eggs-2.0.dist-info/METADATA", "Name: eggs\nRequires-Dist: wrong\n")
        archive.writestr("spam-1.0.dist-info/METADATA", "Name: spam\nRequires-Dist: right\n")
    assert cell_packages.describe("spam", "1.0", path.name, path).requires == ("right",)


def test_a_wheel_without_metadata_is_none(tmp_path: Path) -> None:
    path = tmp_path / "spam-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("spam.py", "")
    with pytest.raises(BuildError, match="has no metadata"):
        cell_packages.describe("spam", "1.0", path.name, path)
