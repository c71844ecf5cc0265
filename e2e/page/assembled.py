"""The page as it is served, with the scripted engine in the engine's place, in a folder and on a port.

The server isolates the page, which saves each test the service worker's reload; or it is as plain as
``python -m http.server``, where isolation, the offline shell and the policy all have to come from the
page and its service worker.
"""

from __future__ import annotations

import functools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from build_support import page_python, site, vendor

ROOT = Path(__file__).resolve().parents[2]
PAGE_VENDOR = ("micropython/", "marked/", "idiomorph/", "dompurify/", "highlight/", "temml/", "uplot/")
OURS = (
    "bridge/page/",
    "bridge/shared/",
    "bridge/worker/errors.js",
    "bridge/worker/engine/attachments.js",
    "bridge/worker/pictures/",
    "bridge/worker/storage/hash.js",
    "workers/pictures.js",
    "ui/",
    "sandbox/",
    "workshop/",
    "styles/",
    "icons/",
    "app.js",
    "index.html",
    "manifest.webmanifest",
    "sw.js",
    "sw/",
)
REGISTRY = {"version": 1, "models": [], "agents": []}


def assemble(target: Path) -> Path:
    """Fills ``target`` with what the page needs; returns it."""
    shutil.rmtree(target, ignore_errors=True)
    plan: dict[str, Any] = {}
    for path in sorted((ROOT / "web").rglob("*")):
        url = path.relative_to(ROOT / "web").as_posix()
        if path.is_file() and url.startswith(OURS) and "__pycache__" not in url and page_python.is_served(url):
            plan[url] = path
    for file in vendor.files():
        if file.target.startswith(PAGE_VENDOR):
            plan[f"vendor/{file.target}"] = vendor.content(file)
    plan |= page_python.files()
    plan["workers/engine.js"] = Path(__file__).with_name("scripted_engine.js")
    plan |= {f"workers/{path.name}": path for path in Path(__file__).parent.glob("scripted-*.js")}
    for url, content in plan.items():
        _write(target / url, content if isinstance(content, bytes) else content.read_bytes())
    stamp(target, plan)
    _write(target / "models.json", json.dumps(REGISTRY).encode())
    return target


def stamp(target: Path, plan: dict[str, Any]) -> None:
    """Writes precache.json and the version in sw.js, as the build does."""
    listing = site.precache(plan)
    _write(target / "precache.json", json.dumps(listing).encode())
    source = (ROOT / "web/sw.js").read_bytes()
    _write(target / "sw.js", source.replace(site.VERSION_TOKEN, str(listing["version"]).encode()))


def restamp(target: Path) -> None:
    """After a file was changed in place: a new version, as a deployment makes it."""
    plan: dict[str, Any] = {}
    for path in sorted(target.rglob("*")):
        url = path.relative_to(target).as_posix()
        if path.is_file() and not url.startswith("models"):
            plan[url] = path
    stamp(target, plan)


def restamp_with_models(target: Path) -> dict[str, Any]:
    """As ``restamp``, with the list of models in the shell, as the build has it; returns precache.json."""
    restamp(target)
    plan: dict[str, Any] = {}
    for path in sorted(target.rglob("*")):
        url = path.relative_to(target).as_posix()
        if path.is_file() and not url.startswith("models/"):
            plan[url] = path
    stamp(target, plan)
    listing: dict[str, Any] = json.loads((target / "precache.json").read_text())
    return listing


def scenario(target: Path, **settings: Any) -> None:
    """How the scripted engine behaves from its next start on."""
    _write(target / "models/scenario.json", json.dumps(settings).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


class _Handler(SimpleHTTPRequestHandler):
    requests: list[str]

    def end_headers(self) -> None:
        if self.server.isolating:  # type: ignore[attr-defined]
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def do_GET(self) -> None:
        self.server.requests.append(self.path)  # type: ignore[attr-defined]
        for pattern, times in list(self.server.faults.items()):  # type: ignore[attr-defined]
            if pattern in self.path and times > 0:
                self.server.faults[pattern] = times - 1  # type: ignore[attr-defined]
                self.send_error(503)
                return
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


class Server:
    """``url`` ends with a slash; ``requests`` are the paths asked for; ``faults[part] = n`` answers
    the next n requests whose path holds ``part`` with 503."""

    def __init__(self, folder: Path, prefix: str = "", *, isolating: bool = False) -> None:
        handler = functools.partial(_Handler, directory=str(folder))
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.requests: list[str] = []
        self.faults: dict[str, int] = {}
        self._http.isolating = isolating  # type: ignore[attr-defined]
        self._http.requests = self.requests  # type: ignore[attr-defined]
        self._http.faults = self.faults  # type: ignore[attr-defined]
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/{prefix}"
        soon = {"poll_interval": 0.02}  # so that it closes soon
        threading.Thread(target=self._http.serve_forever, kwargs=soon, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(folder: Path, prefix: str = "", *, isolating: bool = False) -> Iterator[Server]:
    server = Server(folder, prefix, isolating=isolating)
    try:
        yield server
    finally:
        server.close()
