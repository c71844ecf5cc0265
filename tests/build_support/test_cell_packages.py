"""The packages for people's own Python: pinned, pure, whole, and named where people read of them."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

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
    (tmp_path / "packages" / "spam-1.0.bin").unlink()
    assert cell_packages.files(node) == first
    assert fetched == ["all", "all"]
