"""Subjects: a session, the reference and a program say the same of the same requests."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from model_foundry.errors import EvaluationFailed, NotBuilt
from model_foundry.measuring import fidelity
from model_foundry.measuring.fidelity import log_softmax
from model_foundry.measuring.subjects.arguments import Place, open_subject
from model_foundry.measuring.subjects.base import GenerateRequest, Scored, ScoreRequest, Subject, encode_pair
from model_foundry.measuring.subjects.command import CommandSubject
from model_foundry.measuring.subjects.session import SessionSubject
from orion_py.errors import ContextOverflow
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.runtime.base import Logits
from tests.model_foundry.built import built, imported
from tests.model_foundry.tiny_gguf import TinyModel

SCORE = [
    ScoreRequest((5, 9, 12, 7), ((8,), (9, 10, 11), (30, 31))),
    ScoreRequest((5, 9, 40), ((8, 8, 8, 8),)),
]
GENERATE = [GenerateRequest((5, 9, 12), 6), GenerateRequest((5, 9, 12, 77, 3), 4)]


async def scores(subject: Subject) -> list[tuple[Scored, ...]]:
    return [scored async for scored in subject.score(SCORE)]


async def answers(subject: Subject, requests: Sequence[GenerateRequest] = GENERATE) -> list[tuple[int, ...]]:
    return [tokens async for tokens in subject.generate(requests)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    built(tmp_path, imported(tmp_path, TinyModel()))
    return Place(tmp_path, tmp_path, threads=1)


async def test_the_exact_session_scores_and_answers_as_the_reference_does(place: Place) -> None:
    session = await open_subject("tiny@wasm-exact", place)
    reference = await open_subject("reference:tiny", place)
    for ours, theirs in zip(await scores(session), await scores(reference), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)
            assert one.top == other.top
    assert await answers(session) == await answers(reference)
    assert session.name == "native: tiny 1.0.0 wasm-exact"
    await session.close()


async def test_the_default_is_what_browsers_run(place: Place) -> None:
    assert (await open_subject("tiny", place)).name == "native: tiny 1.0.0 kernel"


async def test_a_model_that_the_kernel_does_not_compute_is_run_by_onnxruntime(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fidelity, "kernel_variant", lambda manifest: None)
    assert (await open_subject("tiny", place)).name.endswith("wasm-int8")


async def test_the_kernel_scores_as_the_reference_does(place: Place) -> None:
    reference = await open_subject("reference:tiny", place)
    for variant, limit in (("kernel", 0.1), ("kernel-plain", 2e-3)):
        kernel = await open_subject(f"tiny@{variant}", place)
        for ours, theirs in zip(await scores(kernel), await scores(reference), strict=True):
            for one, other in zip(ours, theirs, strict=True):
                assert one.logprobs == pytest.approx(other.logprobs, abs=limit)
        await kernel.close()


@pytest.mark.parametrize(
    ("word", "error", "match"),
    [
        ("tiny@webnn", NotBuilt, "known are kernel, kernel-plain, wasm-int8"),
        ("huge", NotBuilt, "huge isn.t built in .*; built are: tiny"),
        ("gpu:tiny", EvaluationFailed, "names nobody"),
        ("command:true", EvaluationFailed, "whose prompts"),
    ],
)
async def test_whoever_isnt_there_is_named(place: Place, word: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        await open_subject(word, place)


class Counting:
    """Logits that depend on the last token alone; remembers what it was asked to compute."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[int], int]] = []
        self.rows: list[int] = []

    async def forward(self, tokens: Sequence[int], position: int) -> Logits:
        assert position <= len(self.rows)
        self.calls.append((list(tokens), position))
        self.rows = [*self.rows[:position], *tokens]
        logits = np.zeros(50, np.float32)
        logits[(self.rows[-1] + 1) % 50] = 5.0
        return logits

    async def close(self) -> None: ...


@pytest.fixture
def tokenizer(tmp_path: Path) -> NativeTokenizer:
    return NativeTokenizer(imported(tmp_path, TinyModel()).tokenizer.shard_bytes())


async def test_what_requests_share_is_computed_once(tokenizer: NativeTokenizer) -> None:
    session = Counting()
    subject = SessionSubject("s", session, tokenizer, {2}, 64)
    [first] = [scored async for scored in subject.score([ScoreRequest((1, 3, 5), ((6, 7, 9), (8, 9)))])]
    assert session.calls == [([1, 3, 5], 0), ([6], 3), ([7], 4), ([8], 3)]
    assert first[0].top == (6, 7, 8)
    logits = np.zeros(50, np.float32)
    logits[6] = 5.0
    assert first[0].logprobs[0] == pytest.approx(log_softmax(logits)[6])
    session.calls.clear()
    await answers(subject, [GenerateRequest((1, 3, 5, 20), 3)])
    assert session.calls[0] == ([20], 3)


async def test_an_answer_ends_with_its_end_token_its_length_its_context_or_its_text(tokenizer: NativeTokenizer) -> None:
    subject = SessionSubject("s", Counting(), tokenizer, {13}, 20)
    assert await answers(subject, [GenerateRequest((1, 10), 9)]) == [(11, 12)]
    assert await answers(subject, [GenerateRequest((1, 20), 3)]) == [(21, 22, 23)]
    assert await answers(subject, [GenerateRequest(tuple(range(20, 38)), 9)]) == [(38, 39)]
    letter = tokenizer.decode([23])
    assert await answers(subject, [GenerateRequest((1, 20), 9, f"[{letter}]")]) == [(21, 22, 23)]


async def test_a_prompt_longer_than_the_context_is_refused(tokenizer: NativeTokenizer) -> None:
    with pytest.raises(ContextOverflow):
        await answers(SessionSubject("s", Counting(), tokenizer, {13}, 20), [GenerateRequest(tuple(range(20)), 1)])


def test_spaces_at_the_end_of_a_context_go_with_the_continuation(tokenizer: NativeTokenizer) -> None:
    context, continuation = encode_pair(tokenizer, "in a ", "thing")
    assert context == tuple(tokenizer.encode("in a"))
    assert context + continuation == tuple(tokenizer.encode("in a thing"))


PROGRAM = """
import json, sys
requests = [json.loads(line) for line in sys.stdin]
for request in reversed(requests):
    if request["kind"] == "generate":
        assert request["eos"] == [2]
        answer = {"tokens": [token + 1 for token in request["prompt"]] * 9}
    else:
        answer = {"logprobs": [[-1.0 for _ in c] for c in request["continuations"]], "top": request["continuations"]}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
"""


def program(tokenizer: NativeTokenizer, source: str) -> CommandSubject:
    return CommandSubject("p", [sys.executable, "-c", source], tokenizer, {2})


async def test_a_program_answers_in_any_order_and_is_cut_to_the_length_asked_for(tokenizer: NativeTokenizer) -> None:
    subject = program(tokenizer, PROGRAM)
    assert await answers(subject) == [(6, 10, 13, 6, 10, 13), (6, 10, 13, 78)]
    (first, *_), (other,) = await scores(subject)
    assert first == Scored((-1.0,), (8,))
    assert other.total == -4.0
    await subject.close()


@pytest.mark.parametrize(
    ("source", "match"),
    [
        ("import sys; sys.exit(3)", "code 3 before"),
        ("print('hello')", "isn't an answer"),
        ("print('{\"id\": 7}')", "nobody asked"),
        ("print('{\"id\": 0}'); print('{\"id\": 1}')", "holds no tokens"),
    ],
)
async def test_a_program_that_doesnt_answer_is_named(tokenizer: NativeTokenizer, source: str, match: str) -> None:
    with pytest.raises(EvaluationFailed, match=match):
        await answers(program(tokenizer, source))


async def test_a_program_that_leaves_out_a_score_is_named(tokenizer: NativeTokenizer) -> None:
    source = PROGRAM.replace('"logprobs": [[-1.0 for _ in c]', '"logprobs": [[]')
    with pytest.raises(EvaluationFailed, match="one entry for each token"):
        await scores(program(tokenizer, source))


async def test_a_program_that_isnt_there_is_named(tokenizer: NativeTokenizer) -> None:
    with pytest.raises(EvaluationFailed, match="can't be started"):
        await answers(CommandSubject("p", ["/no/such/program"], tokenizer, {2}))
