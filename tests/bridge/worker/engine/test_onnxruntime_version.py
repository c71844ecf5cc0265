"""The version by which verdicts on a GPU are kept is the one that the build puts onto the site."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def test_the_device_tells_the_version_of_the_package() -> None:
    locked = json.loads((ROOT / "package.json").read_text())
    wanted = (locked.get("dependencies", {}) | locked.get("devDependencies", {}))["onnxruntime-web"]
    told = re.search(r'ONNXRUNTIME = "([^"]+)"', (ROOT / "web/bridge/worker/engine/device.js").read_text())
    assert told is not None
    assert told[1] == wanted
