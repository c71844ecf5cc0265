"""The command line says what can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cli import BENCHES, MODELS, check_site, groups_of, main, parse
from build_support.errors import StepFailed


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


def test_an_earlier_build_has_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["load", "--before", str(tmp_path)])
    assert "holds no built site" in capsys.readouterr().err
    (tmp_path / "index.html").touch()
    assert parse(["load", "--before", str(tmp_path)]).before == tmp_path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that was built with Lite alone."""
    manifest = tmp_path / "models" / MODELS["lite"] / "manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.touch()
    return tmp_path


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"lite"}))
@pytest.mark.parametrize("name", ["reload", "generate", "speculate", "slow_line", "loops", "memory", "politeness"])
def test_a_model_that_the_site_lacks_is_said_with_the_command_that_makes_it(
    site: Path, name: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--model", model, "--site", str(site)]) == 1
    said = capsys.readouterr().err
    assert f"was built without {model}, which this bench runs" in said
    assert f"python3 build.py build --models lite,{model}" in said
    assert "Traceback" not in said


def test_a_site_that_isnt_built_is_said_for_every_bench_that_runs_a_model(tmp_path: Path) -> None:
    named = (
        "reload",
        "generate",
        "speculate",
        "slow_line",
        "first_visit",
        "load",
        "memory",
        "memory_bytes",
        "politeness",
    )
    for name in named:
        with pytest.raises(StepFailed, match="without lite"):
            check_site(tmp_path, [name], "lite")


def test_what_is_there_is_enough(site: Path) -> None:
    check_site(site, BENCHES, "lite")
    check_site(site, ["load", "first_visit", "memory_bytes", "boot", "routing"], "full")


def test_a_bench_brings_the_group_of_models_that_it_runs() -> None:
    assert groups_of(["load", "speaking", "reading", "seeing"]) == ["voices", "vision"]
    assert groups_of([]) == groups_of(BENCHES) == ["vision", "speech", "voices"]
