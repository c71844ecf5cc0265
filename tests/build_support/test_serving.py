"""``build.py serve`` from start to Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_support import serving
from build_support.errors import StepFailed
from build_support.server import StaticServer


def test_ctrl_c_ends_it_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(server: StaticServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StaticServer, "wait", interrupt)
    assert serving.serve(tmp_path, port=0, open_page=False, plain=False) == 0
    assert "ORION is at http://localhost:" in capsys.readouterr().out


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    with StaticServer(tmp_path) as other:
        port = int(other.url.rsplit(":", 1)[1].rstrip("/"))
        with pytest.raises(StepFailed, match=rf"Port {port} can't be used.*--port 0"):
            serving.serve(tmp_path, port=port, open_page=False, plain=False)


def test_a_port_that_cant_exist_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="Port 99999 can't be used"):
        serving.serve(tmp_path, port=99999, open_page=False, plain=False)
