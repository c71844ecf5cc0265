"""Serves static files for development and for tests, with faults on demand.

By default it isolates the page (COOP, COEP, CORP), serves ranges and says the right MIME types. With
``plain`` it behaves like ``python -m http.server``: whole files, no extra headers.

    with StaticServer(folder) as server:
        server.faults.truncate("models/shards/*", after=100_000)
        page.goto(server.url)
        ...
        assert not server.requests("models/shards/*")
"""

from __future__ import annotations

import fnmatch
import hashlib
import http.server
import mimetypes
import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from build_support.byte_ranges import span_of

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}
CHUNK = 64 * 1024


class Request(NamedTuple):
    """One request that was answered. ``path`` is relative to the base, without the query; ``bytes``
    counts the body as far as it was sent; ``ended`` is when that was over, in seconds since the epoch."""

    method: str
    path: str
    status: int
    bytes: int
    ended: float


@dataclass
class Fault:
    """What goes wrong with requests whose path matches ``pattern``, ``times`` times (None: always)."""

    pattern: str
    times: int | None = 1
    status: int | None = None
    """Answer this instead of the file."""
    truncate_after: int | None = None
    """Break the connection after that many bytes of the body."""
    corrupt_at: int | None = None
    """Flip the bits of the byte at this offset of the file."""
    hold_after: int | None = None
    """Stop sending after that many bytes of the body, until ``release``."""
    released: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when a request is being held."""

    def release(self) -> None:
        """Lets held requests go on, and holds no more."""
        self.times = 0
        self.released.set()


class Faults:
    """The faults that a server has to show, each used up after its number of times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def fail(self, pattern: str, status: int = 503, times: int | None = 1) -> Fault:
        """Answers ``status`` and no file."""
        return self._add(Fault(pattern, times, status=status))

    def truncate(self, pattern: str, after: int, times: int | None = 1) -> Fault:
        """Breaks the connection after ``after`` bytes of the body."""
        return self._add(Fault(pattern, times, truncate_after=after))

    def corrupt(self, pattern: str, at: int = 0, times: int | None = 1) -> Fault:
        """Sends a wrong byte at offset ``at`` of the file, if the answer holds that offset."""
        return self._add(Fault(pattern, times, corrupt_at=at))

    def hold(self, pattern: str, after: int = 0) -> Fault:
        """Stops in the body after ``after`` bytes until the fault is released."""
        return self._add(Fault(pattern, None, hold_after=after))

    def clear(self) -> None:
        """Forgets all faults and releases what is held."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.release()

    def take(self, path: str) -> Fault | None:
        """The first fault that applies to ``path``, one of its times used up."""
        with self._lock:
            for fault in self._faults:
                if fault.times != 0 and fnmatch.fnmatchcase(path, fault.pattern):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault


class Throttle:
    """One line of ``megabits`` per second that all connections share."""

    def __init__(self, megabits: float) -> None:
        self._seconds_per_byte = 8 / (megabits * 1e6)
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, count: int) -> None:
        """Returns after the time that ``count`` bytes take on the simulated connection."""
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + count * self._seconds_per_byte
            wake = self._free_at
        time.sleep(max(0.0, wake - time.monotonic()))


class StaticServer:
    """Serves ``folder`` at ``url``, which ends in the path ``base``, from threads of its own.

    ``isolated`` adds the COOP/COEP/CORP headers; ``plain`` takes away these and ranges; ``megabits``
    limits the speed of all bodies together. Use it as a context manager. Raises OSError if ``port``
    is taken.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "/",
        plain: bool = False,
        isolated: bool = True,
        megabits: float | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.base = base
        self.plain = plain
        self.isolated = isolated and not plain
        self.throttle = Throttle(megabits) if megabits else None
        self.faults = Faults()
        self.rewrites: dict[str, Callable[[bytes], bytes]] = {}
        """What is sent in place of a small file, by its path: made anew from its bytes for each request."""
        self.log: list[Request] = []
        self._server = _Server((host, port), _Handler)
        self._server.site = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.url = f"http://{'localhost' if host == '127.0.0.1' else host}:{self._server.server_address[1]}{base}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops serving; the port is free afterwards."""
        self.faults.clear()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Serves until interrupted."""
        while self._thread.is_alive():
            self._thread.join(timeout=1)

    def requests(self, pattern: str = "*") -> list[Request]:
        """The requests so far whose path matches ``pattern``."""
        return [request for request in list(self.log) if fnmatch.fnmatchcase(request.path, pattern)]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: StaticServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that the other side closes are no news."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        if self.server.site.plain:
            self.protocol_version = "HTTP/1.0"
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are kept in the log of the server and not printed."""

    def _answer(self, *, body: bool) -> None:
        site = self.server.site
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if not path.startswith(site.base):
            return self._plain_answer(path, 404)
        relative = path[len(site.base) :] or "index.html"
        if relative.endswith("/"):
            relative += "index.html"
        fault = site.faults.take(relative)
        if fault and fault.status:
            return self._plain_answer(relative, fault.status)
        file = (site.folder / relative.replace("\0", "\N{REPLACEMENT CHARACTER}")).resolve()
        try:
            there = file.is_relative_to(site.folder) and file.is_file()
        except OSError:  # a name longer than any
            there = False
        if not there:
            return self._plain_answer(relative, 404)
        if relative in site.rewrites and not fault:
            return self._rewritten(relative, file, site.rewrites[relative], body=body)
        size = file.stat().st_size
        modified = formatdate(file.stat().st_mtime, usegmt=True)
        tag = f'"{file.stat().st_mtime_ns:x}-{size:x}"'
        if not fault and self.headers.get("If-None-Match") == tag and not site.plain:
            self.send_response(304)
            self._headers(relative, tag, modified)
            self._log(relative, 304, 0)
            self.end_headers()
            return None
        span = None if site.plain else span_of(self.headers.get("Range"), size)
        start, end = span or (0, size)
        if start >= end and size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self._log(relative, 416, 0)
            self.end_headers()
            return None
        status = 206 if span else 200
        self.send_response(status)
        self._headers(relative, tag, modified)
        self.send_header("Content-Type", _type(file))
        self.send_header("Content-Length", str(end - start))
        if span:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        whole = end - start if body else 0
        logged = None if whole else self._log(relative, status, 0)
        self.end_headers()
        sent = 0
        try:
            if body:
                for chunk in self._body(file, start, end, fault):
                    if sent + len(chunk) == whole:
                        logged = self._log(relative, status, whole)
                    self.wfile.write(chunk)
                    sent += len(chunk)
        except OSError:
            self.close_connection = True
        if sent < whole:
            if logged:  # the other side went away before the last bytes
                site.log.remove(logged)
            self._log(relative, status, sent)
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        return None

    def _rewritten(self, relative: str, file: Path, rewrite: Callable[[bytes], bytes], *, body: bool) -> None:
        content = rewrite(file.read_bytes())
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        status = 304 if self.headers.get("If-None-Match") == tag and not self.server.site.plain else 200
        sent = len(content) if body and status == 200 else 0
        self.send_response(status)
        # When it was last another isn't known: only the tag tells.
        self._headers(relative, tag, formatdate(time.time(), usegmt=True))
        if status == 200:
            self.send_header("Content-Type", _type(file))
            self.send_header("Content-Length", str(len(content)))
        self._log(relative, status, sent)
        self.end_headers()
        if sent:
            with suppress(OSError):
                self.wfile.write(content)

    def _log(self, path: str, status: int, sent: int) -> Request:
        """Keeps a request before its last bytes go: who has the whole answer finds the request in the log."""
        request = Request(self.command, path, status, sent, time.time())
        self.server.site.log.append(request)
        return request

    def _body(self, file: Path, start: int, end: int, fault: Fault | None) -> Iterator[bytes]:
        """The bytes from ``start`` to ``end``, as the fault leaves them."""
        throttle = self.server.site.throttle
        stop = end
        if fault and fault.truncate_after is not None:
            stop = min(end, start + fault.truncate_after)
        pause = start + fault.hold_after if fault and fault.hold_after is not None else None
        with file.open("rb") as stream:
            stream.seek(start)
            position = start
            while position < stop:
                count = min(CHUNK, stop - position)
                if pause is not None and position < pause:
                    count = min(count, pause - position)
                if fault and pause is not None and position >= pause:
                    fault.reached.set()
                    fault.released.wait()
                    pause = None
                chunk = stream.read(count)
                if not chunk:
                    return
                if fault and fault.corrupt_at is not None and position <= fault.corrupt_at < position + len(chunk):
                    wrong = bytearray(chunk)
                    wrong[fault.corrupt_at - position] ^= 0xFF
                    chunk = bytes(wrong)
                if throttle:
                    throttle.wait(len(chunk))
                position += len(chunk)
                yield chunk

    def _headers(self, relative: str, tag: str, modified: str) -> None:
        site = self.server.site
        self.send_header("Last-Modified", modified)
        if not site.plain:
            self.send_header("ETag", tag)
            self.send_header("Accept-Ranges", "bytes")
            # Shards are kept in IndexedDB: a second copy in the HTTP cache would be a waste.
            self.send_header("Cache-Control", "no-store" if relative.startswith("models/shards/") else "no-cache")
        if site.isolated:
            for name, value in ISOLATION.items():
                self.send_header(name, value)

    def _plain_answer(self, path: str, status: int) -> None:
        text = f"{status} {http.HTTPStatus(status).phrase}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Cache-Control", "no-store")
        if self.server.site.isolated:
            for name, value in ISOLATION.items():
                self.send_header(name, value)
        sent = len(text) if self.command == "GET" else 0
        self._log(path, status, sent)
        self.end_headers()
        if sent:
            with suppress(OSError):
                self.wfile.write(text)


def _type(file: Path) -> str:
    suffix = os.path.splitext(file.name)[1].lower()
    return TYPES.get(suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
