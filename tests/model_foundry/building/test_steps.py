"""A build that was stopped goes on where it was, and nothing is believed that isn't whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from model_foundry.building.pipeline import Job, build
from model_foundry.building.steps import Steps, key_of
from model_foundry.sharding.restore import load_manifest
from tests.model_foundry.built import RECIPE, imported
from tests.model_foundry.tiny_gguf import TinyModel

ALL = ("weights", "graphs wasm-int8", "graphs wasm-exact", "graphs webgpu-q4", "golden")


def quiet(what: str, done: int, total: int) -> None: ...


@pytest.fixture
def job(tmp_path: Path) -> Job:
    model = imported(tmp_path, TinyModel())
    return Job(RECIPE, lambda progress: model, "tiny")


def test_a_second_build_repeats_nothing_and_does_not_read_the_source(job: Job, tmp_path: Path) -> None:
    first = build(job, tmp_path, quiet)
    assert first.repeated == ALL

    def unread(progress: object) -> None:
        raise AssertionError("the source was read")

    again = build(Job(RECIPE, unread, "tiny"), tmp_path, quiet)  # type: ignore[arg-type]
    assert again.repeated == ()
    assert again.manifest == first.manifest


def test_a_step_whose_shard_is_damaged_is_done_again_and_only_it(job: Job, tmp_path: Path) -> None:
    manifest = build(job, tmp_path, quiet).manifest
    graph = manifest.variant("webgpu-q4").decode.graph
    path = tmp_path / "shards" / graph
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    again = build(job, tmp_path, quiet)
    assert again.repeated == ("graphs webgpu-q4",)
    assert path.read_bytes() == whole
    assert again.manifest == manifest


def test_other_inputs_are_another_build(job: Job, tmp_path: Path) -> None:
    build(job, tmp_path, quiet)
    recipe = RECIPE.model_copy(update={"golden_texts": {"other": "the thin thing"}})
    assert build(Job(recipe, job.read, "tiny"), tmp_path, quiet).repeated == ALL
    assert key_of("a", "b") != key_of("ab", "")


def test_without_resuming_all_runs_again(job: Job, tmp_path: Path) -> None:
    build(job, tmp_path, quiet)
    assert build(job, tmp_path, quiet, resume=False).repeated == ALL


def test_a_record_that_cannot_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "steps.json"
    for text in ("", "[]", '{"key": "k"}', '{"key": "k", "steps": {"one": "not a number"}}'):
        path.write_text(text)
        steps = Steps(path, "k", tmp_path)
        assert steps.step("one", int, lambda: 7) == 7
        assert steps.repeated == ["one"]
    assert Steps(path, "k", tmp_path).step("one", int, lambda: 8) == 7


def test_a_build_that_is_killed_in_the_middle_is_finished_by_the_next_run(tmp_path: Path) -> None:
    source = TinyModel().write(tmp_path / "tiny.gguf")
    out = tmp_path / "models"
    # Killed, not asked to stop, as soon as the golden vectors begin: after weights and graphs.
    script = f"""
        import os, signal
        from pathlib import Path
        from model_foundry.importing.families import import_gguf
        from model_foundry.importing.gguf_file import GgufFile
        from model_foundry.building.pipeline import Job, build
        from tests.model_foundry.built import RECIPE

        def progress(what, done, total):
            if what == "computing golden vectors":
                os.kill(os.getpid(), signal.SIGKILL)

        read = lambda progress: import_gguf(GgufFile(Path({str(source)!r})), RECIPE.context_cap, RECIPE.source)
        build(Job(RECIPE, read, "tiny"), Path({str(out)!r}), progress)
    """
    root = Path(__file__).parents[3]
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "tiny" / "manifest.json").exists()
    model = imported(tmp_path, TinyModel())
    built = build(Job(RECIPE, lambda progress: model, "tiny"), out, quiet)
    assert built.repeated == ("golden",)
    assert load_manifest(out, "tiny") == built.manifest
