"""The command line says what can be asked for."""

from __future__ import annotations

import pytest

from bench.cli import BENCHES, parse


def test_every_bench_has_a_module_with_a_run() -> None:
    from importlib import import_module

    for name in BENCHES:
        assert callable(import_module(f"bench.benches.{name}").run)


def test_names_are_kept_in_their_order() -> None:
    assert parse(["generate", "boot", "--peers"]).names == ["generate", "boot"]


@pytest.mark.parametrize("arguments", [["speed"], ["boot", "--rounds", "0"]])
def test_wrong_usage_ends_with_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
