"""What is kept of a test that fails, taken from one that doesn't."""

from __future__ import annotations

import zipfile
from pathlib import Path

from e2e.page.conftest import Visit
from e2e.support.evidence import Evidence


def test_a_screenshot_the_console_and_a_trace_are_kept(page: Visit, evidence: Evidence, tmp_path: Path) -> None:
    page.page.evaluate("console.warn('something odd')")
    kept = {path.name: path for path in evidence.keep(tmp_path)}
    assert set(kept) == {"console.txt", "page-0-0.png", "trace-0.zip"}
    assert "warning: something odd" in kept["console.txt"].read_text()
    assert kept["page-0-0.png"].read_bytes().startswith(b"\x89PNG")
    assert any(name.endswith(".trace") for name in zipfile.ZipFile(kept["trace-0.zip"]).namelist())
