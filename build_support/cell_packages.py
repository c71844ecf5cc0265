"""Pure-Python packages for the code of a person's own agents: pinned wheels that go to the site as they are.

    vendor/python/wheels/<wheel>       as the index has them, by the hashes of requirements-cells.lock
    vendor/python/wheels/index.json    [{"name", "version", "file", "imports", "requires"}, …]

The page reads the index, and fetches the wheels that a code imports and what these require; the runner in
the cell unpacks them. Nothing is resolved there: it has no network.
"""

from __future__ import annotations

import email.parser
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from build_support import lockfile, paths
from build_support.downloads import whole_wheel
from build_support.errors import BuildError

LOCK = paths.ROOT / "requirements-cells.lock"
FOLDER = "vendor/python/wheels/"


@dataclass(frozen=True)
class Package:
    """``imports``: the names at the top of what it installs; ``requires``: other packages here, by name."""

    name: str
    version: str
    file: str
    imports: list[str]
    requires: list[str]


def files() -> dict[str, Path | bytes]:
    """What goes to the site, by its URL. Raises SourceUnavailable, and BuildError for a wheel that isn't pure
    or that requires what the lock lacks."""
    pinned = lockfile.parse(LOCK)
    known = {pin.name for pin in pinned}
    plan: dict[str, Path | bytes] = {}
    packages = []
    for pin in pinned:
        file, path = whole_wheel(pin.name, pin.version, pin.hashes)
        package = describe(pin.name, pin.version, file, path)
        missing = set(package.requires) - known
        if missing:
            raise BuildError(f"{LOCK.name} lacks {', '.join(sorted(missing))}, which {pin.name} requires.")
        packages.append(package)
        plan[FOLDER + file] = path
    listing = json.dumps([asdict(package) for package in packages], indent=1) + "\n"
    return {**plan, FOLDER + "index.json": listing.encode()}


def describe(name: str, version: str, file: str, wheel: Path) -> Package:
    """What the wheel says of itself. Raises BuildError where it isn't for every Python and machine."""
    if not file.endswith("-none-any.whl"):
        raise BuildError(f"{file} isn't pure Python: the cell can't load it.")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        headers = email.parser.Parser().parsestr(archive.read(metadata).decode("utf-8"))
    tops = {each.split("/", 1)[0] for each in names if ".dist-info/" not in each and ".data/" not in each}
    imports = {top.removesuffix(".py") for top in tops if top.removesuffix(".py").isidentifier()}
    return Package(name, version, file, sorted(imports), requirements(headers.get_all("Requires-Dist") or []))


def requirements(rows: list[str]) -> list[str]:
    """The names that ``rows`` of Requires-Dist ask for in the browser, without extras."""
    from packaging.requirements import Requirement  # in the virtual environment only

    there = {"python_version": "3.14", "python_full_version": "3.14.0", "sys_platform": "emscripten", "extra": ""}
    there |= {"platform_system": "Emscripten", "os_name": "posix", "platform_machine": "wasm32"}
    wanted = [Requirement(row) for row in rows]
    return sorted(
        lockfile.canonical(each.name) for each in wanted if each.marker is None or each.marker.evaluate(there)
    )
