"""A host of models as the Hugging Face Hub is one: at another origin, readable by pages of any."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

EXPOSED = "X-Linked-ETag, X-Linked-Size, ETag, Accept-Ranges, Content-Range"


class _Handler(SimpleHTTPRequestHandler):
    """Files whose hash is told in X-Linked-ETag; ``api/…`` is theirs too, whatever the query."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", EXPOSED)
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        file = Path(self.translate_path(self.path))
        if file.is_file() and "/onnx/" in self.path:
            data = file.read_bytes()
            self.send_header("X-Linked-ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(data)))
        super().end_headers()

    def log_message(self, format: str, *arguments: object) -> None: ...


@contextmanager
def a_hub(root: Path) -> Iterator[str]:
    """The origin at which ``root`` is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(root))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


ENGINE = ("workers/engine.js", "bridge/worker/engine/origins.js")
"""Where the list is: in what the build joined, or by itself."""


@contextmanager
def talking_to(folder: Path, origin: str) -> Iterator[None]:
    """The site in ``folder`` as if its engine had been built with ``--allow-origin``."""
    before = {name: (folder / name).read_text() for name in ENGINE}
    for name, text in before.items():
        (folder / name).unlink()  # it may be a link into dist/
        (folder / name).write_text(text.replace("__ORION_ORIGINS__", origin))
    assert any("__ORION_ORIGINS__" in text for text in before.values())
    try:
        yield
    finally:
        for name, text in before.items():
            (folder / name).write_text(text)
