"""Who takes part in ``generate``, what is compared, and what counts as the same work."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error

from bench.benches.generate import STEPS, Entry, check, entries_for, targets_for
from bench.figures import Contender
from bench.prompt import TOKENS, Prompt

PROMPT = Prompt("a question", "the question in its template", list(range(TOKENS)))


def contender(name: str, prefill: float, decode: float, share: float | None = None) -> Contender:
    made = Contender(name)
    for _ in range(3):
        made.add("prefill", "tokens/s", prefill, 0.0)
        made.add("decode", "tokens/s", decode, 0.0)
        if share is not None:
            made.add("Python's share", "%", share, 0.0)
    return made


def test_everybody_gets_the_same_threads_and_the_same_number_of_tokens() -> None:
    for entry in entries_for(PROMPT, 2, peers=True):
        assert (entry.options["threads"], entry.options["steps"]) == (2, STEPS)


def test_peers_take_part_only_when_asked_for() -> None:
    assert all(entry.module.startswith("orion") for entry in entries_for(PROMPT, 1, peers=False))
    modules = [entry.module for entry in entries_for(PROMPT, 1, peers=True)]
    assert modules.count("wllama") == 2
    assert modules.count("transformers") == 1


def test_the_engine_is_asked_something_new_each_time() -> None:
    engine = next(entry for entry in entries_for(PROMPT, 2, peers=False) if entry.module == "orion-engine")
    questions = [run["query"] for run in engine.runs]
    assert len(set(questions)) == len(questions)


def test_ours_is_compared_with_the_faster_of_wllamas_quantizations() -> None:
    measured = [
        contender("ORION, inference worker, 2 threads", 400, 50),
        contender("wllama, Q4_1, 2 threads", 30, 20),
        contender("wllama, Q8_0, 2 threads", 50, 25),
    ]
    decode, prefill = targets_for(measured, 2)
    assert (decode.value, decode.wanted) == (pytest.approx(2.0), 1.7)
    assert (prefill.value, prefill.wanted) == (pytest.approx(8.0), 6.0)
    assert "Q8_0" in decode.title


def test_our_kernel_is_held_against_onnxruntime_and_against_wllama() -> None:
    kernel = {"id": "kernel", "engine": "kernel"}
    names = [entry.name for entry in entries_for(PROMPT, 2, peers=False, kernel=kernel)]
    assert names[:2] == ["ORION, inference worker", "ORION, our kernel"]
    measured = [
        contender("ORION, inference worker, 2 threads", 400, 50),
        contender("ORION, our kernel, 2 threads", 800, 200),
        contender("wllama, Q8_0, 2 threads", 50, 25),
    ]
    found = {target.title: (target.value, target.wanted) for target in targets_for(measured, 2)}
    assert found["our kernel, 2 threads: decode over onnxruntime"] == (pytest.approx(4.0), 3.5)
    assert found["our kernel, 2 threads: prefill over onnxruntime"] == (pytest.approx(2.0), 1.8)
    assert found["our kernel, 2 threads: decode over wllama, Q8_0"] == (pytest.approx(8.0), 6.0)


def test_one_thread_is_held_to_its_own_target() -> None:
    measured = [contender("ORION, inference worker, 1 thread", 200, 30), contender("wllama, Q8_0, 1 thread", 20, 20)]
    assert [target.wanted for target in targets_for(measured, 1)] == [1.5, 6.0]


def test_pythons_share_has_a_limit() -> None:
    (target,) = targets_for([contender("ORION, whole engine, greedy, 2 threads", 400, 45, 12.0)], 2)
    assert target.wanted == 10.0
    assert target.met is False


def test_a_run_with_another_prompt_is_refused() -> None:
    with pytest.raises(Error, match="127 tokens"):
        check(Entry("peer", "wllama", {}), {"prompt": TOKENS - 1})


def test_an_answer_that_ended_early_is_refused() -> None:
    with pytest.raises(Error, match="after 12 tokens"):
        check(Entry("peer", "wllama", {}), {"prompt": TOKENS, "completion": 12})


def test_another_model_is_compared_with_wllama_on_its_own_gguf_and_with_no_one_else() -> None:
    full = "qwen2.5-coder-0.5b-instruct"
    entries = list(entries_for(PROMPT, 2, peers=True, model=full))
    assert {entry.options["model"] for entry in entries if entry.module.startswith("orion")} == {full}
    assert [entry.options["gguf"] for entry in entries if entry.module == "wllama"] == ["source.gguf"]
    assert not [entry for entry in entries if entry.module == "transformers"]
    measured = [contender("ORION, inference worker", 50, 15), contender("wllama, Q4_K_M, 2 threads", 10, 10)]
    assert [target.wanted for target in targets_for(measured, 2, full)] == [1.5, 5.0]
