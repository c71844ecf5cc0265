"""Finds what a lock file of pip lacks.

A lock that is installed without resolving has to be whole by itself, on every system and every Python that
the project promises. ``gaps`` says what isn't.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from packaging.markers import Marker
from packaging.requirements import Requirement

from build_support.lockfile import Pinned, canonical

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS: tuple[Mapping[str, str], ...] = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
)


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
    itself, None where that isn't known.
    """
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
