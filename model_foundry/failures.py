"""Explains why a step failed, from a tool's output or from an OSError, and what to do about it.

``_SIGNS`` lists the kinds by precedence: pip, for one, ends a run without a
network with "No matching distribution found", so an unreachable host is looked for first. Standard library
only: it also explains why the virtual environment can't be made.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
import urllib.error
from dataclasses import dataclass
from pathlib import Path

LONGEST = 400
"""Characters of a reason that are shown."""

_SIGNS: tuple[tuple[str, str], ...] = (
    (
        "disk_full",
        r"No space left on device|ENOSPC|Disk quota exceeded|EDQUOT|not enough free space|You don't have enough",
    ),
    ("read_only", r"Read-only file system|EROFS|Permission denied|EACCES|EPERM|Operation not permitted|are you root\?"),
    ("busy", r"Could not get lock|is another process using it|EBUSY|Text file busy"),
    ("out_of_memory", r"MemoryError|Cannot allocate memory|ENOMEM|heap out of memory"),
    ("wrong_hash", r"DO NOT MATCH THE HASHES|EINTEGRITY|Hash Sum mismatch|HashMismatch|checksum failed"),
    (
        "unlocked",
        r"In --require-hashes mode|Hashes are required|npm ci` can only install|not in sync",
    ),
    (
        "certificate",
        r"CERTIFICATE_VERIFY_FAILED|SSLError|SSL: |self[- ]signed certificate|UNABLE_TO_VERIFY|CERT_HAS_EXPIRED",
    ),
    (
        "no_network",
        r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|NameResolutionError|Max retries exceeded"
        r"|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT"
        r"|Could not connect|Unable to connect|Temporary failure resolving|Could not resolve|Failed to fetch"
        r"|Name or service not known|Network is unreachable|Connection refused|Connection reset|timed out"
        r"|No route to host|network request to",
    ),
    (
        "broken_file",
        r"is invalid\.|BadZipFile|not a zip file|IncompleteRead|Connection broken|IncompleteDownload"
        r"|incomplete-download|TAR_BAD_ARCHIVE|Z_BUF_ERROR|unexpected end of file|EOFError|Bad CRC|CRC check failed",
    ),
    ("old_python", r"requires a different Python|Requires-Python|requires Python|only supports Python"),
    (
        "system_package",
        r"ensurepip is not|No module named '?(?:ensurepip|venv)"
        r"|error while loading shared libraries|Host system is missing dependencies",
    ),
    (
        "no_such_name",
        r"No matching distribution found|Could not find a version|ETARGET|E404|404 Not Found|Unable to locate package"
        r"|has no installation candidate|No matching version found",
    ),
)
_NPM = re.compile(r"^npm (?:error|ERR!) ?")
_NOISE = re.compile(
    r"A complete log of this run|^\s*at |^\s*[\^~]+\s*$|^\s*File \"|^\s*[{}\]]|^\[notice\]|^npm warn|^\s*$"
    r"|^WARNING: Location"
    r"|Failed to install browsers|code=\d+$|^\s*(?:code|errno|syscall|hostname|address|port|type)\b:? |behind a proxy"
    r"|network connectivity"
)
_PREFIX = re.compile(r"^(?:(?:network|notarget|404) (?=[A-Za-z])|ERROR: |error: |Error: |FetchError: |[EW]: )\s*")
_LIBRARY = re.compile(r"loading shared libraries: (\S+?):")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SECRET = re.compile(r"(://)[^/@\s]+@")
_INNER = re.compile(
    r"Failed to establish a new connection: \[Errno [^\]]*\] [^'\")]+|Connection to \S+ timed out[^'\")]*"
)
_EXPECTED = re.compile(r"Expected\s+\S+\s+(\w+).*?Got\s+(\w+)", re.DOTALL)
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_LOCKED_UP = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


_AGAIN = "run the command again"
_REMEDIES = {
    "disk_full": f"Free some space{{where}} and {_AGAIN}: what is whole is kept.",
    "read_only": f"Allow writing {{there}}, or name another folder for downloads in ORION_CACHE, then {_AGAIN}.",
    "busy": f"Another program holds it: wait until that has ended and {_AGAIN}.",
    "out_of_memory": f"Close other programs and {_AGAIN}.",
    "wrong_hash": "What came isn't what the lock names: a mirror, a proxy or a cache changed it. Empty that cache "
    f"(pip cache purge, npm cache clean --force) or use another index, and {_AGAIN}.",
    "unlocked": "The lock doesn't fit what is asked for: take both from the same commit, or make it anew as the head "
    "of requirements.in says.",
    "certificate": "The connection to {place} isn't trusted: name your network's certificates in PIP_CERT, "
    f"SSL_CERT_FILE and NODE_EXTRA_CA_CERTS, and {_AGAIN}.",
    "no_network": f"Connect to a network that reaches {{place}} (a proxy goes into HTTPS_PROXY) and {_AGAIN}.",
    "broken_file": f"The download ended too early or was damaged: {_AGAIN}.",
    "old_python": "Use Python 3.11 or newer, of the versions that the packages know.",
    "system_package": "Install the system package with {library}; on Debian and Ubuntu apt-get install chromium brings "
    "all that Chromium needs.",
    "no_such_name": "The network is there, but {place} doesn't have it for this system and this Python: ask another "
    "index, or use another Python version.",
}
_VENV_PACKAGE = f"On Debian and Ubuntu install python3-venv, then {_AGAIN}."
_BROWSER_PACKAGES = f"On Debian and Ubuntu apt-get install chromium brings what is missing; then {_AGAIN}."


@dataclass(frozen=True)
class Reason:
    """``kind`` is one of those in ``_SIGNS`` or ``unknown``; ``line`` is what the tool printed, without its noise."""

    kind: str
    line: str

    def remedy(self, place: str = "the network", folder: Path | None = None) -> str:
        """What helps; "" where that isn't known. ``place``: what the tool asked; ``folder``: where it wrote."""
        library = _LIBRARY.search(self.line)
        if self.kind == "system_package" and library is None:
            return _VENV_PACKAGE if re.search(r"ensurepip|venv", self.line) else _BROWSER_PACKAGES
        return _REMEDIES.get(self.kind, "").format(
            place=place,
            where=f" in {folder}" if folder else "",
            there=f"in {folder}" if folder else "there",
            library=library[1] if library else "",
        )


def diagnose(printed: str, code: int | None = None) -> Reason:
    """The reason in what a tool ``printed`` before it ended with ``code`` (negative: by that signal)."""
    lines = [_NPM.sub("", _COLOURS.sub("", line)).rstrip() for line in printed.splitlines()]
    for kind, pattern in _SIGNS:
        sign = re.compile(pattern)
        found = [index for index, line in enumerate(lines) if sign.search(line)]
        if found:
            return Reason(kind, _said(lines, found, kind))
    if code is not None and (code in (-9, 137)):
        return Reason("out_of_memory", "it was killed, most likely because memory ran out")
    meaningful = [line for line in lines if not _NOISE.search(line)]
    return Reason("unknown", _clean(meaningful[-1]) if meaningful else "")


def of_error(error: BaseException) -> Reason:
    """The reason in an exception of Python's own; urllib's wrappings are taken off."""
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(inner, str):
        inner = OSError(inner)
    line = _clean(str(inner) or type(inner).__name__)
    if isinstance(inner, MemoryError):
        return Reason("out_of_memory", line)
    if isinstance(inner, ssl.SSLError):
        return Reason("certificate", line)
    if isinstance(inner, OSError):
        if inner.errno in _FULL:
            return Reason("disk_full", line)
        if isinstance(error, urllib.error.URLError) or isinstance(
            inner, (TimeoutError, ConnectionError, socket.gaierror)
        ):
            return Reason("no_network", line)
        if inner.errno in _LOCKED_UP:
            return Reason("read_only", line)
    return diagnose(line) if line else Reason("unknown", "")


def local(error: BaseException) -> bool:
    """Whether it is this machine's fault: another place to download from would change nothing."""
    return of_error(error).kind in ("disk_full", "read_only", "out_of_memory")


def _said(lines: list[str], found: list[int], kind: str) -> str:
    """The clearest of the lines ``found``: the last that says more than a code, with pip's hashes put behind it."""
    spoken = [index for index in found if not _NOISE.search(lines[index]) and " " in _clean(lines[index])]
    index = (spoken or found)[-1]
    line = lines[index]
    if kind == "no_network" and (inner := _INNER.search(line)):
        line = inner[0]
    if kind in ("wrong_hash", "unlocked"):
        behind = " ".join(part.strip() for part in lines[index + 1 :] if not _NOISE.search(part)).strip()
        hashes = _EXPECTED.search(behind)
        if hashes:
            package = behind.partition(" from ")[0].strip()
            line = f"{package} has sha256 {hashes[2][:16]}… and the lock names {hashes[1][:16]}…"
        elif behind:
            line = f"{line} {_PREFIX.sub('', behind)}"
    return _clean(line)


def _clean(line: str) -> str:
    text = _SECRET.sub(r"\1", _PREFIX.sub("", line.strip()).strip())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
