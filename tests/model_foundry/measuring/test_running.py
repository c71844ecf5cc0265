"""From samples to a score, a journal, a comparison and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from model_foundry import cli
from model_foundry.measuring.journal import Journal
from model_foundry.measuring.report import Report, checks
from model_foundry.measuring.running import Result, run_task
from model_foundry.measuring.subjects.base import GenerateRequest, Scored, ScoreRequest
from model_foundry.measuring.tasks.base import Graded
from model_foundry.measuring.tasks.catalogue import TASKS
from model_foundry.measuring.text_perplexity import TextResult, run_texts
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.runtime.tokenizer import Tokenizer
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

Capture = pytest.CaptureFixture[str]


class Scripted:
    """Finds the first continuation likeliest, and answers with ``text``; counts what it is asked."""

    def __init__(self, tokenizer: Tokenizer, text: str = "", name: str = "scripted") -> None:
        self.name, self.tokenizer, self.text, self.asked = name, tokenizer, text, 0

    async def score(self, requests: Sequence[ScoreRequest]) -> AsyncIterator[tuple[Scored, ...]]:
        for request in requests:
            self.asked += 1
            yield tuple(
                Scored(tuple(-1.0 - place for _ in c), tuple(c)) for place, c in enumerate(request.continuations)
            )

    async def generate(self, requests: Sequence[GenerateRequest]) -> AsyncIterator[tuple[int, ...]]:
        for _ in requests:
            self.asked += 1
            yield tuple(self.tokenizer.encode(self.text))

    async def close(self) -> None: ...


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    choices = [{"id": str(i), "question": f"q{i}", "choices": ["ab", "cd"], "expected_index": i % 2} for i in range(6)]
    problems = [{"id": str(i), "prompt": f"{i} and 1?", "expected": str(i + 1)} for i in range(4)]
    for name, rows in (("truthfulqa", choices), ("gsm8k", problems)):
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


@pytest.fixture
def tokenizer(tmp_path: Path) -> NativeTokenizer:
    return NativeTokenizer(imported(tmp_path, TinyModel()).tokenizer.shard_bytes())


def clock() -> Iterator[float]:
    yield from range(1000)


async def score(subject: Scripted, task: str, data: Path, journal: Journal, limit: int | None = None) -> Result:
    ticks = clock()
    return await run_task(subject, TASKS[task], data, limit, 1, journal, lambda *_: None, lambda: next(ticks))


async def test_a_task_of_choices_is_scored_with_its_error_and_chance(data: Path, tokenizer: NativeTokenizer) -> None:
    result = await score(Scripted(tokenizer), "truthfulqa", data, Journal())
    assert (result.score, result.count, result.chance, result.seconds) == (0.5, 6, 0.5, 1)
    said = json.loads(json.dumps(result.as_json()))
    assert (said["metric"], said["n"]) == ("acc", 6)
    assert said["low"] < 0.5 < said["high"]
    assert said["stderr"] == pytest.approx((0.25 / 5) ** 0.5)
    assert [row["passed"] for row in said["samples"]] == [True, False] * 3


async def test_a_task_of_answers_is_graded_on_the_text(data: Path, tokenizer: NativeTokenizer) -> None:
    result = await score(Scripted(tokenizer, "so ####2"), "gsm8k", data, Journal())
    assert [one.passed for one in result.graded] == [False, True, False, False]
    assert result.measures() == {"strict": 0.25}
    assert result.graded[0].detail["text"] == "so ####2"


async def test_a_stopped_run_goes_on_from_its_journal(data: Path, tokenizer: NativeTokenizer, tmp_path: Path) -> None:
    path = tmp_path / "run" / "answers.jsonl"
    subject = Scripted(tokenizer, "####1")
    for task in ("truthfulqa", "gsm8k"):
        await score(subject, task, data, Journal(path), limit=2)
    assert subject.asked == 4
    with path.open("a") as stream:
        stream.write('{"subject": "scripted", "key": "cut o')
    again = Scripted(tokenizer, "####9")
    whole = await score(again, "gsm8k", data, Journal(path))
    assert again.asked == 2
    assert sum(one.detail["text"] == "####1" for one in whole.graded) == 2
    assert (await score(again, "truthfulqa", data, Journal(path))).score == 0.5
    assert again.asked == 2 + 4


async def test_another_subject_doesnt_get_the_first_ones_answers(
    data: Path, tokenizer: NativeTokenizer, tmp_path: Path
) -> None:
    await score(Scripted(tokenizer, "####1"), "gsm8k", data, Journal(tmp_path / "j"))
    other = Scripted(tokenizer, "####2", name="other")
    await score(other, "gsm8k", data, Journal(tmp_path / "j"))
    assert other.asked == 4


async def test_perplexity_counts_every_token_and_agreement_every_step(tokenizer: NativeTokenizer) -> None:
    text = "the thin thing that thou thought " * 3
    result = await run_texts(Scripted(tokenizer), {"t": text}, Journal(), lambda *_: None, lambda: 0.0)
    assert result.perplexity == pytest.approx(2.718281828)
    assert result.count == len(tokenizer.encode(text)) - 32
    assert result.bits_per_byte == pytest.approx(result.count * 1.442695 / result.bytes)
    assert result.bytes == len(text) - len(tokenizer.decode(tokenizer.encode(text)[:32]))
    other = TextResult("o", result.tokens, tuple(Scored(s.logprobs, (0, *s.top[1:])) for s in result.scored), 1, 0)
    assert result.agreement(result) == 1
    assert result.agreement(other) == pytest.approx(1 - 1 / result.count)
    assert result.agreement(TextResult("o", ((1,),), (), 1, 0)) is None


def result(passes: str, task: str = "gsm8k") -> Result:
    return Result(task, "m", "s", tuple(Graded(str(i), mark == "1") for i, mark in enumerate(passes)), 1.0)


def text_result(loss: float, top: int = 1) -> TextResult:
    return TextResult("s", ((1, 1),), (Scored((-loss, -loss), (1, top)),), 10, 1.0)


@pytest.mark.parametrize(
    ("limit", "mine", "theirs", "passes"),
    [
        (0.5, "1100", None, True),
        (0.51, "1100", None, False),
        (0.25, "1100", "1110", True),
        (0.24, "1100", "1110", False),
        (0.0, "1110", "1100", True),
    ],
)
def test_a_score_is_held_to_a_least_value_or_to_a_largest_loss(
    limit: float, mine: str, theirs: str | None, passes: bool
) -> None:
    (check,) = checks({"gsm8k": limit}, [result(mine)], [result(theirs)] if theirs else [])
    assert check.passed is passes


@pytest.mark.parametrize(
    ("name", "limit", "mine", "theirs", "passes"),
    [
        ("perplexity", 2.8, text_result(1.0), None, True),
        ("perplexity", 2.7, text_result(1.0), None, False),
        ("perplexity", 0.02, text_result(1.019), text_result(1.0), True),
        ("perplexity", 0.02, text_result(1.021), text_result(1.0), False),
        ("agreement", 0.5, text_result(1.0, top=2), text_result(1.0), True),
        ("agreement", 0.6, text_result(1.0, top=2), text_result(1.0), False),
        ("agreement", 0.6, text_result(1.0), None, False),
    ],
)
def test_perplexity_and_agreement_have_thresholds(
    name: str, limit: float, mine: TextResult, theirs: TextResult | None, passes: bool
) -> None:
    (check,) = checks({name: limit}, [mine], [theirs] if theirs else [])
    assert check.passed is passes


def test_other_samples_arent_compared() -> None:
    with pytest.raises(ValueError, match="same samples"):
        result("11").against(result("111"))


def test_a_report_says_everything_as_json() -> None:
    report = Report(1, 3, [result("110"), text_result(1.0)], [result("011"), text_result(1.1)], ())
    said = json.loads(json.dumps(report.as_json()))
    assert [row["task"] for row in said["results"]] == ["gsm8k", "perplexity"] * 2
    score, texts = said["comparisons"]
    assert (score["difference"], score["only_first"], score["only_second"]) == (0, 1, 1)
    assert texts["top1_agreement"] == 1
    assert said["passed"] is True


@pytest.fixture
def models(tmp_path: Path) -> Path:
    built(tmp_path, imported(tmp_path, TinyModel()))
    return tmp_path


def foundry(models: Path, data: Path, *arguments: str) -> int:
    return cli.main([*arguments, "--models", str(models), "--data", str(data), "--threads", "1"])


def test_validate_scores_tasks_and_fails_past_a_threshold(models: Path, data: Path, capsys: Capture) -> None:
    assert foundry(models, data, "validate", "tiny", "--task", "truthfulqa", "--limit", "4", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["results"][0]["n"] == 4
    assert foundry(models, data, "validate", "tiny", "--task", "truthfulqa", "--threshold", "truthfulqa=1.01") == 1
    assert "FAILED: truthfulqa" in capsys.readouterr().out


def test_compare_pairs_two_subjects_sample_by_sample(models: Path, data: Path, capsys: Capture) -> None:
    compared = ["compare", "tiny@wasm-exact", "reference:tiny", "--task", "truthfulqa", "--threshold", "truthfulqa=0"]
    assert foundry(models, data, *compared, "--json") == 0
    (comparison,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert (comparison["difference"], comparison["p_value"]) == (0, 1)
    assert foundry(models, data, *compared) == 0
    printed = capsys.readouterr().out
    assert "B: reference: tiny" in printed
    assert "passed: truthfulqa" in printed


def test_a_program_is_compared_on_the_same_prompts(models: Path, data: Path, tmp_path: Path, capsys: Capture) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import json, sys\n"
        "for request in map(json.loads, sys.stdin):\n"
        "    scores = [[0.0] * len(c) for c in request['continuations']]\n"
        "    print(json.dumps({'id': request['id'], 'logprobs': scores, 'top': request['continuations']}))\n"
    )
    command = f"command:{sys.executable} {program}"
    assert foundry(models, data, "compare", "tiny", command, "--task", "truthfulqa", "--limit", "2", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["subject"] for row in said["results"]] == ["native: tiny 1.0.0 kernel", command]


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "tiny"],
        ["compare", "a", "b", "--task", "chess"],
        ["compare", "a", "b", "--threshold", "gsm8k"],
        ["compare", "a", "b", "--threshold", "gsm8k=nan"],
        ["validate", "tiny", "--task", "gsm8k", "--limit", "0"],
        ["validate", "tiny", "--browser", "--reference"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(arguments)
    assert exit_.value.code == 2


def test_a_threshold_without_its_task_and_options_that_dont_go_together_exit_with_2(
    models: Path, data: Path, capsys: Capture
) -> None:
    assert foundry(models, data, "validate", "tiny", "--task", "gsm8k", "--threshold", "hellaswag=0.3") == 2
    assert "hellaswag" in capsys.readouterr().err
    assert foundry(models, data, "validate", "tiny", "--task", "gsm8k", "--gguf", "x.gguf") == 2


def test_missing_data_exits_with_1_and_says_how_to_get_it(models: Path, data: Path, capsys: Capture) -> None:
    assert foundry(models, data, "validate", "tiny", "--task", "humaneval") == 1
    assert "models evaluation" in capsys.readouterr().err
