"""What --peers installs apart: exactly the lock, by the real pip, and nothing half-made when that fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench.weights import prepare
from build_support.errors import EnvironmentFailed
from tests.build_support.index import borrow_pip, index


def test_the_exporter_gets_the_locked_versions_though_the_index_has_newer_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORION_CACHE", str(tmp_path / "cache"))
    borrow_pip(monkeypatch)
    lock = tmp_path / "requirements.lock"
    monkeypatch.setattr(prepare, "REQUIREMENTS", lock)
    with index(tmp_path / "index", monkeypatch) as packages:
        lines = [packages.add("direct", "1.0", ["indirect>=1.0"]), packages.add("indirect", "1.0")]
        packages.add("indirect", "2.0")
        lock.write_text("\n".join([*lines, f"nobody==1 --hash=sha256:{'0' * 64}"]))
        with pytest.raises(EnvironmentFailed, match="No matching distribution found for nobody==1"):
            prepare.exporter_python()
        assert [path.suffix for path in prepare.folder().iterdir()] == [".lock"]
        lock.write_text("\n".join(lines))
        interpreter = prepare.exporter_python()
    program = "import direct, indirect; print(direct.VERSION, indirect.VERSION)"
    assert subprocess.run([interpreter, "-c", program], capture_output=True, text=True).stdout == "1.0 1.0\n"
    assert prepare.exporter_python() == interpreter, "made once"
