"""A server on this machine that behaves as the hub does: its API, its hashes, its redirects, and its refusals."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", "tokenizer.json", ".bin")
"""What lies in LFS there: it is redirected to another place, and listed by its sha256."""


@dataclass
class Repository:
    """``folder`` at ``commit``. ``gated``: only for people with an account. ``lies``: the bytes that come in place
    of a file's; ``drops``: after how many bytes the connection breaks, once each; ``moved``: where LFS is redirected.
    """

    folder: Path
    commit: str = COMMIT
    licence: str | None = "apache-2.0"
    languages: list[str] = field(default_factory=lambda: ["en", "fr"])
    gated: bool = False
    lies: dict[str, bytes] = field(default_factory=dict)
    drops: dict[str, list[int]] = field(default_factory=dict)
    moved: str = ""
    resumes: bool = True
    rows: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda rows: rows

    def tree(self) -> list[dict[str, Any]]:
        """As /api/models/…/tree/… lists it."""
        found: list[dict[str, Any]] = []
        for path in sorted(self.folder.iterdir()):
            if path.is_dir():
                found.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": path.name})
                continue
            data = path.read_bytes()
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            row: dict[str, Any] = {"type": "file", "oid": blob, "size": len(data), "path": path.name}
            if path.name.endswith(LARGE):
                row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            found.append(row)
        return self.rows(found)


class HubServer:
    """``repositories`` by OWNER/NAME, at ``url``; ``asked`` has the path, the range and the status of each request."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str, int]] = []
        self.answers: dict[str, tuple[int, bytes]] = {}
        """What is said in place of anything else, by path."""
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def asked_for(self, end: str) -> list[tuple[str, str, int]]:
        """The requests whose path ends so."""
        return [row for row in self.asked if row[0].endswith(end)]


def _handler(hub: HubServer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None:
            """Requests are kept in ``asked``."""

        def do_GET(self) -> None:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            if path in hub.answers:
                return self._say(*hub.answers[path])
            api = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", path)
            file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^/]+)", path)
            stored = re.fullmatch(r"/lfs/([^/]+/[^/]+)/([^/]+)", path)
            found = api or file or stored
            if found is None:
                return self._say(404, b"Not Found")
            repository = hub.repositories.get(found[1])
            if repository is None:
                return self._say(401, b"Invalid username or password.", {"X-Error-Code": "RepoNotFound"})
            if stored:
                return self._content(repository, stored[2])
            revision = found[3] if api else found[2]
            if revision not in ("main", repository.commit):
                return self._say(404, b"Invalid rev id", {"X-Error-Code": "RevisionNotFound"})
            if api:
                return self._api(repository, found[1], found[2])
            if repository.gated:
                return self._say(401, b"Access to model is restricted.", {"X-Error-Code": "GatedRepo"})
            assert file is not None
            name = file[3]
            if not (repository.folder / name).is_file():
                return self._say(404, b"Entry not found", {"X-Error-Code": "EntryNotFound"})
            if name.endswith(LARGE):
                return self._say(302, b"", {"Location": f"{repository.moved or hub.url + '/lfs'}/{found[1]}/{name}"})
            return self._content(repository, name)

        def _api(self, repository: Repository, name: str, kind: str) -> None:
            if kind == "tree":
                return self._say(200, json.dumps(repository.tree()).encode())
            card = {"language": repository.languages, "license": repository.licence}
            tags = ["safetensors", f"license:{repository.licence}"] if repository.licence else ["safetensors"]
            siblings = [{"rfilename": path.name} for path in sorted(repository.folder.iterdir())]
            gated = "auto" if repository.gated else False
            said = {"id": name, "sha": repository.commit, "gated": gated, "tags": tags, "siblings": siblings}
            return self._say(200, json.dumps(said | {"cardData": card}).encode())

        def _content(self, repository: Repository, name: str) -> None:
            data = repository.lies.get(name) or (repository.folder / name).read_bytes()
            tag = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
            span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            start = int(span[1]) if span and repository.resumes else 0
            if span and repository.resumes:
                tag["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            drops = repository.drops.get(name)
            sent = data[start : start + drops.pop(0)] if drops else data[start:]
            self._say(206 if "Content-Range" in tag else 200, sent, tag, promised=len(data) - start)

        def _say(
            self, status: int, body: bytes, headers: dict[str, str] | None = None, promised: int | None = None
        ) -> None:
            hub.asked.append((urllib.parse.urlsplit(self.path).path, self.headers.get("Range") or "", status))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if promised is None else promised))
            self.end_headers()
            self.wfile.write(body)
            if promised is not None and promised > len(body):
                self.close_connection = True

    return Handler
