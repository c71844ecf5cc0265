"""Asks the hub and brings its files: over TLS, with limits, going on where a download broke off.

``ORION_HUB`` names another address of the same kind, such as a mirror. Whatever answers there isn't trusted: answers
are bounded, no redirect leads to plain http, and a file counts only with the hash that the hub's listing names.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from build_support import paths, progress
from build_support.downloads import CHUNK
from build_support.errors import BuildError, SourceUnavailable, UsageError
from build_support.public_folders import HUB
from model_foundry.failures import local, of_error

VARIABLE = "ORION_HUB"
SECONDS = 20.0
"""Without a byte until a connection counts as broken."""
WORTH_A_BAR = 2**20
"""Bytes of a file whose arrival is shown."""
TRIES = 5
"""Times that a download goes on by itself where the connection broke after more of it had come."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MOST_ANSWER = 4 * 2**20
_BY_HAND = (
    "Accept its terms there, fetch its folder with your own account, and build that: foundry optimize FOLDER. Or "
)


@dataclass(frozen=True)
class HubFile:
    """A file of a model as the hub lists it. ``sha256`` is that of one kept in LFS; any other has ``blob``, the sha1
    that git gives its content."""

    name: str
    size: int
    sha256: str = ""
    blob: str = ""

    def fits(self, path: Path) -> bool:
        """Whether ``path`` has the size and the hash. Raises OSError."""
        if path.stat().st_size != self.size:
            return False
        with path.open("rb") as stream:
            if self.sha256:
                return hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256
            # git's name of a content: its kind and length, then the content (git-scm.com, "Git Objects").
            total = hashlib.sha1(b"blob %d\0" % self.size, usedforsecurity=False)
            while chunk := stream.read(CHUNK):
                total.update(chunk)
        return total.hexdigest() == self.blob


def base() -> str:
    """The hub's address without a slash at its end. Raises UsageError for one in ``ORION_HUB`` that can't be used."""
    named = os.environ.get(VARIABLE, "").strip() or HUB
    parts = urllib.parse.urlsplit(named)
    if not _allowed(named, plain=parts.hostname in _LOOPBACK) or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(
            f"{VARIABLE} has to be an https address without a query, and {named[:100]!r} isn't one.",
            "Plain http is for this machine alone, such as http://localhost:8000.",
        )
    return named.rstrip("/")


def _allowed(url: str, plain: bool) -> bool:
    """Whether ``url`` may be asked: https; where ``plain``, http on this machine too."""
    try:
        parts = urllib.parse.urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (plain and parts.scheme == "http" and host in _LOOPBACK))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to wherever files are kept, and never to plain http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if not _allowed(newurl, plain=req.full_url.startswith("http://")):
            fp.close()
            where = newurl.partition("?")[0][:100]
            raise SourceUnavailable(
                f"{_host(req.full_url)} sends on to {where}, which isn't an https address.",
                f"Nothing was fetched from there. Use another network, or another address in {VARIABLE}.",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_opener = urllib.request.build_opener(_Redirects())


def _open(url: str, start: int = 0) -> Any:
    """The answer to ``url``, from byte ``start`` on where the host can. Raises as ``urlopen``, or BuildError."""
    request = urllib.request.Request(url, headers={"User-Agent": "orion-build", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    return _opener.open(request, timeout=SECONDS)


def answer(url: str, what: str) -> tuple[bytes, bool]:
    """What the hub's API answers, and whether there is more of it on another page. ``what``: the model, for messages.
    Raises SourceUnavailable."""
    try:
        with _open(url) as response:
            data: bytes = response.read(_MOST_ANSWER + 1)
            more = 'rel="next"' in (response.headers.get("Link") or "")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise unavailable(what, url, error) from error
    if len(data) > _MOST_ANSWER:
        raise SourceUnavailable(f"{_host(url)} answers about {what} with more than {_MOST_ANSWER} bytes.")
    return data, more


def download(url: str, file: HubFile, target: Path, what: str) -> None:
    """Brings ``file`` to ``target``: goes on with what an earlier run left, and verifies it. Raises SourceUnavailable;
    what came of it is kept, unless it has the wrong hash."""
    partial = target.with_name(f"{target.name}.partial")
    for fresh in (False, True):
        resumed = _download(url, file, partial, what)
        if file.fits(partial):
            partial.replace(target)
            return
        partial.unlink()
        if fresh or not resumed:
            break
        progress.say(f"  {file.name}: what was left of an earlier download isn't of this file; it is fetched anew")
    raise SourceUnavailable(
        f"{file.name} of {what} isn't what the hub's listing says (its hash differs), and was deleted.",
        f"Run the command again; if that doesn't help, a proxy or a mirror changes it: look at {VARIABLE}.",
    )


def _download(url: str, file: HubFile, partial: Path, what: str) -> bool:
    """Fills ``partial`` up to the file's size; whether it began with something there."""
    done = _size(partial)
    if done > file.size:
        partial.unlink()
        done = 0
    began = done > 0
    with progress.bar(file.name, file.size, done) if file.size > WORTH_A_BAR else nullcontext(_silent) as advance:
        for attempt in range(TRIES):
            before = _size(partial)
            try:
                _append(url, file, partial, advance)
                return began
            except (OSError, ValueError, http.client.HTTPException) as error:
                stuck = _size(partial) <= before or isinstance(error, urllib.error.HTTPError) or local(error)
                if stuck or attempt == TRIES - 1:
                    raise unavailable(what, url, error) from error
    return began


def _silent(done: int) -> None: ...


def _append(url: str, file: HubFile, partial: Path, advance: progress.Advance) -> None:
    done = _size(partial)
    if done == file.size and partial.exists():
        return
    with _open(url, done) as response:
        if response.status == 206:
            span = re.match(r"bytes (\d+)-", response.headers.get("Content-Range") or "")
            if span is None or int(span[1]) != done:
                raise ValueError("the host sends another part than the one that was asked for")
        else:
            done = 0
        with partial.open("ab" if done else "wb") as stream:
            while chunk := response.read(CHUNK):
                done += len(chunk)
                if done > file.size:
                    raise ValueError(f"the host sends more than the {file.size} bytes of its listing")
                stream.write(chunk)
                advance(done)
    if done < file.size:
        raise ValueError(f"the connection ended after {done} of {file.size} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def room(needs: Iterable[tuple[Path, int]], what: str) -> None:
    """Raises SourceUnavailable where a folder's disk hasn't so many bytes free; those on one disk count together."""
    disks: dict[int, tuple[Path, int]] = {}
    for folder, needed in needs:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        device = there.stat().st_dev
        first, before = disks.get(device, (there, 0))
        disks[device] = (first, before + needed)
    for there, needed in disks.values():
        free = shutil.disk_usage(there).free
        if free < needed:
            raise SourceUnavailable(
                f"{what} needs {needed / 1e6:.0f} MB on the disk of {there}, and {free / 1e6:.0f} MB are free.",
                "Free some space, or name a folder on another disk in ORION_CACHE, and run the command again.",
            )


def unavailable(what: str, url: str, error: Exception) -> BuildError:
    """Why ``what`` can't be had, in a sentence, and what to do."""
    host = _host(url)
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return _refused(what, host, error)
    reason = of_error(error)
    if local(error):
        remedy = reason.remedy(folder=paths.cache())
    else:
        remedy = (
            f"Use a network that reaches {host}, or name a mirror in {VARIABLE}, and run the command again: "
            "it goes on where it stopped."
        )
    return SourceUnavailable(f"{what} can't be fetched from {host}: {reason.line}.", remedy, reason)


def _refused(what: str, host: str, error: urllib.error.HTTPError) -> BuildError:
    """The hub names its reason in X-Error-Code (huggingface_hub reads the same); 401 may mean that nothing is there."""
    code = error.headers.get("X-Error-Code") or ""
    if code == "RevisionNotFound":
        return SourceUnavailable(f"{host} has {what.partition('@')[0]}, but not this revision.", "Look it up there.")
    if code == "GatedRepo" or (error.code in (401, 403) and code != "RepoNotFound"):
        return SourceUnavailable(
            f"{host} gives {what} only to people who have an account and accepted its terms ({error.code}).",
            f"{_BY_HAND}take an open model, such as Qwen/Qwen2.5-1.5B-Instruct.",
        )
    if code == "RepoNotFound" or error.code == 404:
        return SourceUnavailable(f"{host} has no {what}, or no such file of it.", "Look up how it is written there.")
    if error.code == 429:
        return SourceUnavailable(f"{host} was asked too often (429).", "Wait some minutes and run the command again.")
    return SourceUnavailable(
        f"{host} answers {error.code} for {what}.", "Run the command again later: it goes on where it stopped."
    )


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc or url[:100]
