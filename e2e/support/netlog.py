"""What a whole browser sent, from Chromium's own network log: pages, workers and service workers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Sent:
    """One request. ``initiator``: the origin whose page or worker caused it, else "not an origin"."""

    url: str
    initiator: str

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def read(file: Path) -> list[Sent]:
    """All requests of a browser that was started with ``--log-net-log`` and has ended."""
    log = json.loads(file.read_text())
    started = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    return [
        Sent(event["params"]["url"], event["params"].get("initiator", ""))
        for event in log["events"]
        if event["type"] == started and "url" in event.get("params", {})
    ]
