"""Compiles pure-Python packages for the code of custom agents, from pinned wheels.

    vendor/python/packages/<file>.bin    a bundle (python_bundle.mjs) of each wheel of requirements-cells.lock
    vendor/python/packages/index.json    [{"name", "version", "file", "imports", "requires"}, …]

The page reads the index, and fetches the packages that a code imports and what these require; the runner in
the cell lays them where Python finds them. Nothing is resolved there: it has no network. Compiled, sympy is
imported in a tenth of the time that its sources take.
"""

from __future__ import annotations

import email.parser
import json
import re
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from build_support import built, lockfile, paths, progress
from build_support.downloads import whole_wheel
from build_support.errors import BuildError
from build_support.node import Node
from build_support.processes import run
from build_support.stamps import Stamp, digest

LOCK = paths.ROOT / "requirements-cells.lock"
FOLDER = "vendor/python/packages/"
ALSO_FOR = {"tzdata": ("zoneinfo",)}
"""Modules of the standard library that find nothing without a package."""
HERE = Path(__file__).parent
OUT = paths.WORK / "python" / "packages"


@dataclass(frozen=True)
class Package:
    """``file``: its bundle's; ``imports``: the names at the top of what it installs; ``requires``: other
    packages here, by name."""

    name: str
    version: str
    file: str
    imports: tuple[str, ...]
    requires: tuple[str, ...]


def files(node: Node) -> dict[str, Path | bytes]:
    """What goes to the site, by its URL. Raises SourceUnavailable, and BuildError for a wheel that isn't pure
    or that requires what the lock lacks."""
    listing = OUT / "index.json"
    if not made():
        stamp = Stamp(OUT / "index.stamp")
        stamp.forget()
        wheels = fetched()
        compile_all(node, wheels)
        listing.write_text(json.dumps([asdict(package) for package in wheels], indent=1) + "\n", "utf-8")
        stamp.write(_key())
    plan: dict[str, Path | bytes] = {FOLDER + file: OUT / file for file in _listed(listing)}
    return {**plan, FOLDER + "index.json": listing.read_bytes()}


def made() -> bool:
    """Whether all of them are compiled: then none is fetched, whatever the cache holds."""
    listing = OUT / "index.json"
    try:
        fresh = Stamp(OUT / "index.stamp").fresh(_key(), [listing])
        return fresh and all((OUT / file).is_file() for file in _listed(listing))
    except OSError:  # there is no pyodide to compile with yet
        return False


def _key() -> str:
    return digest([LOCK, Path(__file__)], _tools())


def _listed(listing: Path) -> list[str]:
    return [str(package["file"]) for package in json.loads(listing.read_text("utf-8"))]


def _tools() -> str:
    pyodide = paths.NODE_MODULES / "pyodide"
    return digest([HERE / "python_bundle.mjs", HERE / "pyodide_side.py", pyodide / "package.json"])


def fetched() -> dict[Package, Path]:
    """The lock's packages and their wheels. Raises as ``files``."""
    pinned = lockfile.parse(LOCK)
    known = {pin.name for pin in pinned}
    found: dict[Package, Path] = {}
    for pin in pinned:
        file, path = whole_wheel(pin.name, pin.version, pin.hashes)
        package = describe(pin.name, pin.version, file, path)
        missing = set(package.requires) - known
        if missing:
            raise BuildError(f"{LOCK.name} lacks {', '.join(sorted(missing))}, which {pin.name} requires.")
        found[package] = path
    return found


def compile_all(node: Node, wheels: dict[Package, Path]) -> None:
    """Brings a bundle of each wheel up to date. The cache names wheels by their hashes."""
    pyodide = paths.NODE_MODULES / "pyodide"
    key = digest((), _tools(), *(wheel.name for wheel in wheels.values()))
    stamp, bundles = Stamp(OUT / "packages.stamp"), [OUT / package.file for package in wheels]
    if stamp.fresh(key, bundles):
        return
    OUT.mkdir(parents=True, exist_ok=True)
    stamp.forget()
    # As another clone compiled them, if it did all of them.
    if all(built.take_file(f"cell-{package.name}", key, OUT / package.file) for package in wheels):
        stamp.write(key)
        return
    named = [part for package, wheel in wheels.items() for part in (package.file, wheel)]
    with progress.step("Compiling packages for people's own Python"):
        run(
            [node.program, HERE / "python_bundle.mjs", pyodide, "packages", OUT, *named],
            what="The packages for people's own Python can't be compiled",
        )
    for package in wheels:
        built.keep_file(f"cell-{package.name}", key, OUT / package.file)
    stamp.write(key)


def describe(name: str, version: str, file: str, wheel: Path) -> Package:
    """What the wheel says of itself. Raises BuildError where it isn't for every Python and machine."""
    if not file.endswith("-none-any.whl"):
        raise BuildError(f"{file} isn't pure Python: the cell can't load it.")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        # A package may carry others with metadata of their own: its own lies at the top.
        metadata = next((each for each in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", each)), None)
        if metadata is None:
            raise BuildError(f"{file} has no metadata: it is no wheel.")
        headers = email.parser.Parser().parsestr(archive.read(metadata).decode("utf-8"))
    tops = {each.split("/", 1)[0] for each in names if ".dist-info/" not in each and ".data/" not in each}
    imports = set(ALSO_FOR.get(name, ())) | {
        top.removesuffix(".py") for top in tops if top.removesuffix(".py").isidentifier()
    }
    requires = requirements(headers.get_all("Requires-Dist") or [])
    return Package(name, version, f"{name}-{version}.bin", tuple(sorted(imports)), requires)


def requirements(rows: list[str]) -> tuple[str, ...]:
    """The names that ``rows`` of Requires-Dist ask for in the browser, without extras."""
    from packaging.requirements import Requirement  # in the virtual environment only

    there = {"python_version": "3.14", "python_full_version": "3.14.0", "sys_platform": "emscripten", "extra": ""}
    there |= {"platform_system": "Emscripten", "os_name": "posix", "platform_machine": "wasm32"}
    wanted = [Requirement(row) for row in rows]
    there_too = [each.name for each in wanted if each.marker is None or each.marker.evaluate(there)]
    return tuple(sorted(lockfile.canonical(name) for name in there_too))
