"""The tasks' data lands under the names that the foundry reads, and never among the models."""

from __future__ import annotations

from pathlib import Path

import pytest

from build_support import cli, evaluation
from build_support.downloads import Source
from build_support.sources import EVALUATION, MODELS
from model_foundry.commands.evaluating import DATA
from model_foundry.measuring.tasks.catalogue import TASKS


def test_every_task_has_a_source_pinned_by_its_hash() -> None:
    assert {source.name.partition(".")[0] for source in EVALUATION} == set(TASKS)
    assert all(len(source.sha256) == 64 and source.size and source.members for source in EVALUATION)


def test_data_is_fetched_where_the_foundry_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = tmp_path / "cached"
    cached.write_bytes(b"rows")
    monkeypatch.setattr(evaluation, "obtain", lambda sources: dict.fromkeys(sources, cached))
    folder = evaluation.fetch(tmp_path / "data")
    assert {path.name for path in folder.iterdir()} == {source.name for source in EVALUATION}
    assert evaluation.FOLDER.relative_to(evaluation.paths.ROOT) == DATA


def test_models_evaluation_fetches_data_and_builds_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def obtain(sources: tuple[Source, ...]) -> dict[Source, Path]:
        return {}

    monkeypatch.setattr(evaluation, "obtain", obtain)
    assert evaluation.NAME not in MODELS
    assert cli.run(cli.parse(["models", evaluation.NAME])) == 0
    assert capsys.readouterr().out.startswith("evaluation: .cache")
