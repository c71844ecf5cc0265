"""Reads pip's lock files: what they pin, and what they lack.

A lock that is installed without resolving has to be whole by itself, on every system and every Python that
the project promises. ``gaps`` says what isn't.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS: tuple[Mapping[str, str], ...] = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
)

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pinned:
    """One package of a lock; ``marker`` says where it is for ("" everywhere)."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def canonical(name: str) -> str:
    """The name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse(lock: Path) -> list[Pinned]:
    """What ``lock`` pins. Raises ValueError for a line that pins nothing."""
    found: list[Pinned] = []
    blocks = re.sub(r"\\\n\s*", " ", lock.read_text("utf-8")).splitlines()
    for block in blocks:
        text = block.split(" --hash", 1)[0].strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.match(text)
        if match is None:
            raise ValueError(f"{lock}: {text!r} isn't an exact version")
        marker = (match["marker"] or "").strip()
        found.append(Pinned(canonical(match["name"]), match["version"], marker, tuple(_HASH.findall(block))))
    return found


def environments() -> list[dict[str, str]]:
    """Every system with every Python that the lock is for, as markers know them."""
    fixed = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    versions = [
        {"python_version": p, "python_full_version": f"{p}.0", "implementation_version": f"{p}.0"} for p in PYTHONS
    ]
    return [{**fixed, **version, **system} for version in versions for system in SYSTEMS]


def gaps(
    pinned: Iterable[Pinned], wanted: Sequence[str], requires: Callable[[Pinned], Sequence[str] | None]
) -> list[str]:
    """What a run of pip without resolving would miss, as sentences.

    ``wanted`` are the requirements that the lock was made from; ``requires`` gives those that a package states
    itself, None where that isn't known. Needs ``packaging``.
    """
    from packaging.markers import Marker
    from packaging.requirements import Requirement

    read = cache(Requirement)  # each text is met in every environment
    packages = list(pinned)
    stated = {package: requires(package) or () for package in packages}
    markers = {package.marker: Marker(package.marker) for package in packages if package.marker}
    found = [f"{package.name} has no hash" for package in packages if not package.hashes]
    for environment in environments():
        here = {p.name: p for p in packages if not p.marker or markers[p.marker].evaluate(environment)}
        where = (
            f"{environment['sys_platform']} {environment['platform_machine']}, Python {environment['python_version']}"
        )
        # The extras that are asked for decide which conditional requirements count.
        extras: dict[str, set[str]] = {name: {""} for name in here}
        waiting = [("the project", text, "") for text in wanted]
        done: set[tuple[str, str]] = set()
        while waiting:
            asker, text, extra = waiting.pop()
            requirement = read(text)
            if requirement.marker and not requirement.marker.evaluate({**environment, "extra": extra}):
                continue
            name = canonical(requirement.name)
            package = here.get(name)
            if package is None:
                found.append(f"{asker} needs {requirement.name}, which the lock doesn't have for {where}")
                continue
            if not requirement.specifier.contains(package.version, prereleases=True):
                found.append(
                    f"{asker} needs {requirement.name}{requirement.specifier}, and the lock has {package.version}"
                )
            extras[name] |= requirement.extras
            for asked in extras[name]:
                if (name, asked) in done:
                    continue
                done.add((name, asked))
                waiting += [(name, text, asked) for text in stated[package]]
    return list(dict.fromkeys(found))
