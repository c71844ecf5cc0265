"""What counts as the same work, and what is skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from bench.benches import generate
from bench.benches.generate import RETRIES, RUNS, check, native_job
from bench.contenders import ANSWER, EIGHT_ROWS, ROWS, STEPS, Part
from bench.context import Context
from bench.cpu import Watch
from bench.figures import Contender
from bench.native.job import NativeFailed
from bench.prompt import TOKENS


def test_a_run_with_another_prompt_is_refused() -> None:
    with pytest.raises(Error, match="127 tokens"):
        check(ANSWER, {"prompt": TOKENS - 1})


def test_an_answer_that_ended_early_is_refused() -> None:
    with pytest.raises(Error, match="after 12 tokens"):
        check(ANSWER, {"prompt": TOKENS, "completion": 12})


def test_rows_that_are_not_single_steps_to_the_bit_are_refused() -> None:
    assert check(EIGHT_ROWS, {"rows_in_steps": 4.5, "unequal": 0})
    with pytest.raises(Error, match="3 rows that were verified at once aren't single steps"):
        check(EIGHT_ROWS, {"rows_in_steps": 4.5, "unequal": 3})


class Fake:
    """Answers with ``figures``, and keeps what it was asked."""

    def __init__(self, figures: dict[str, Any]) -> None:
        self.figures = figures
        self.asked: list[dict[str, Any]] = []

    def run(self, options: dict[str, Any] | None = None) -> dict[str, Any]:
        self.asked.append(options or {})
        return self.figures


def measured(
    part: Part, figures: dict[str, Any], monkeypatch: pytest.MonkeyPatch, foreign: float
) -> tuple[Contender, Fake]:
    class Watching:
        def __enter__(self) -> Watch:
            watch = Watch()
            watch.foreign = foreign
            return watch

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(generate, "watching", Watching)
    contender, job = Contender("ours"), Fake(figures)
    generate._measure(job, part, contender)  # type: ignore[arg-type]
    return contender, job


def test_a_disturbed_run_is_done_again_a_limited_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"prompt": TOKENS, "completion": STEPS + 1, "prefill_tps": 100.0, "decode_tps": 10.0}
    contender, job = measured(ANSWER, figures, monkeypatch, foreign=0.0)
    assert len(contender.series["decode"].samples) == RUNS
    assert len(job.asked) == 1 + RUNS, "and a warm-up"
    contender, _ = measured(ANSWER, figures, monkeypatch, foreign=0.9)
    assert len(contender.series["decode"].samples) == RUNS + RETRIES


def test_what_a_contender_cannot_do_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    contender, job = measured(EIGHT_ROWS, {}, monkeypatch, foreign=0.0)
    assert ROWS not in contender.series
    assert job.asked == [{"part": "rows"}]


def test_native_llama_that_could_not_be_built_is_a_plain_skip_with_the_reason(tmp_path: Path) -> None:
    nothing: Any = None
    context = Context(nothing, nothing, tmp_path, True, 1, 0.0, native=None, native_reason="there is no compiler")
    with pytest.raises(NativeFailed, match="there is no compiler"), native_job(context):
        pass
