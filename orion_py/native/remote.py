"""Fetches texts and facts of files by their address: http(s), or a path below a folder."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from orion_py.errors import DownloadFailed
from orion_py.ports import FileFacts

MOST_BYTES = 16 * 2**20
"""No text that the engine reads is larger."""
_TIMEOUT_S = 30.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_url(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https")


def read_text(address: str, root: Path) -> str:
    """Raises DownloadFailed, with ``status`` 404 where there is no such file."""
    try:
        if is_url(address):
            with urllib.request.urlopen(address, timeout=_TIMEOUT_S) as answer:
                data = answer.read(MOST_BYTES + 1)
        else:
            with (root / address).open("rb") as stream:
                data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise DownloadFailed(f"{address} has more than {MOST_BYTES} bytes")
        return str(data, "utf-8")
    except urllib.error.HTTPError as error:
        error.close()
        raise DownloadFailed(f"{address}: HTTP {error.code}", status=error.code) from None
    except FileNotFoundError:
        raise DownloadFailed(f"{address}: there is no such file", status=404) from None
    except (OSError, ValueError) as error:
        raise DownloadFailed(f"{address}: {error}") from error


def file_facts(address: str, root: Path) -> FileFacts | None:
    """As ``Ports.facts``; ``web/bridge/worker/engine/fetch-text.js`` says which headers count."""
    if not is_url(address):
        file = root / address
        if not file.is_file():
            return None
        status = file.stat()
        return FileFacts(status.st_size, None, str(status.st_mtime_ns))
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=_TIMEOUT_S) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as error:
        error.close()
        return None
    except (OSError, ValueError):
        return None
    if str(headers.get("Content-Type", "")).startswith("text/html"):
        return None
    linked = str(headers.get("X-Linked-ETag", "")).replace('"', "")
    sha256 = linked if _SHA256.fullmatch(linked) else None
    length = str(headers.get("X-Linked-Size") or headers.get("Content-Length", ""))
    tag = sha256 or headers.get("ETag") or headers.get("Last-Modified") or ""
    return FileFacts(int(length) if re.fullmatch(r"[0-9]{1,15}", length) else None, sha256, str(tag)[:300])
