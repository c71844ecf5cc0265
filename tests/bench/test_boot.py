"""The engines that the bench boots side by side have all that the Python of both asks its bridge for."""

from __future__ import annotations

import re

import pytest

from build_support.paths import ROOT

ASKED = re.compile(r"bridge\.(\w+)")


@pytest.mark.parametrize("worker", ["web/bridge/worker/engine/bridge.js", "bench/pages/stock-engine.js"])
def test_an_engines_worker_gives_python_all_that_it_asks_for(worker: str) -> None:
    sources = [path.read_text() for path in (ROOT / "orion_py/browser").glob("*.py")]
    wanted = {name for source in sources for name in ASKED.findall(source)}
    given = set(re.findall(r"^\s+(\w+)[:,]", (ROOT / worker).read_text(), re.MULTILINE))
    assert len(wanted) > 20
    assert wanted - given == set()
