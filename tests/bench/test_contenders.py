"""Who takes part in ``generate``, and with what."""

from __future__ import annotations

import pytest

from bench.contenders import (
    FULL,
    KERNEL,
    LARGE,
    LITE,
    LONG_PROMPT,
    NARROW,
    ORT,
    PLAIN,
    READ,
    STEPS,
    Entry,
    entries_for,
)
from bench.prompt import TOKENS, Prompt
from orion_py.manifest.manifest import Manifest
from tests.tiny import manifest

PROMPT = Prompt("a question", "the question in its template", list(range(TOKENS)))
OURS = {"id": "ours", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.01}


def model(name: str = LITE) -> Manifest:
    return manifest(variants=[OURS]).model_copy(update={"model": name})


def entries(threads: int = 2, peers: bool = True, name: str = LITE) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries_for(PROMPT, model(name), threads, peers=peers)}


def test_everybody_gets_the_same_threads_and_the_same_number_of_tokens() -> None:
    for entry in entries().values():
        assert (entry.options["threads"], entry.options["steps"]) == (2, STEPS)


def test_peers_take_part_only_when_asked_for() -> None:
    assert all(entry.module.startswith("orion") for entry in entries(peers=False).values())
    modules = [entry.module for entry in entries().values()]
    assert [modules.count(peer) for peer in ("wllama", "native", "transformers")] == [2, 1, 1]


def test_the_kernel_runs_with_relaxed_simd_and_without_beside_onnxruntime() -> None:
    taking_part = entries()
    assert [taking_part[name].options["site"] for name in (KERNEL, PLAIN, ORT)] == ["orion", "orion-plain", "orion"]
    assert taking_part[KERNEL].options["derived"]["engine"] == "kernel"
    assert "cache_bits" not in taking_part[KERNEL].options["derived"]
    assert "derived" not in taking_part[ORT].options
    for name in (KERNEL, PLAIN, ORT):
        assert taking_part[name].options["tokens"] == PROMPT.tokens


def test_with_two_threads_ours_also_read_512_verify_eight_rows_and_go_on_after_1500() -> None:
    for name in (KERNEL, PLAIN, ORT):
        given = [part.runs[0] for part in entries()[name].parts]
        assert given == [
            {},
            {"part": "prompt", "length": LONG_PROMPT},
            {"part": "rows"},
            {"part": "context", "position": 1500},
        ]
        assert len(entries(threads=1)[name].parts) == 1


def test_the_kernel_runs_with_a_cache_of_8_bits_too() -> None:
    narrow = entries()[NARROW]
    assert (narrow.options["variant"], narrow.options["derived"]["cache_bits"]) == ("ours-8bit", 8)
    assert narrow.parts == entries()[KERNEL].parts
    assert NARROW not in entries(threads=1)


def test_the_plain_read_is_of_the_weights_that_the_kernel_reads() -> None:
    read = entries()[READ]
    assert read.module == "orion-read"
    assert {span["shard"] for span in read.options["reads"]} <= {shard.sha256 for shard in model().shards}


def test_the_engine_runs_on_both_runners_and_is_asked_something_new_each_time() -> None:
    engines = [entry for entry in entries(peers=False).values() if entry.module == "orion-engine"]
    assert {entry.options["runner"] for entry in engines} == {"kernel", "onnxruntime"}
    for entry in engines:
        questions = [run["query"] for run in entry.parts[0].runs]
        assert len(set(questions)) == len(questions)


@pytest.mark.parametrize("name", [FULL, LARGE])
def test_another_model_is_compared_on_its_own_gguf_and_not_with_transformers(name: str) -> None:
    taking_part = entries(name=name)
    assert {e.options["model"] for e in taking_part.values() if e.module.startswith("orion")} == {name}
    ggufs = {e.module: e.options["gguf"] for e in taking_part.values() if "gguf" in e.options}
    assert ggufs == {"wllama": "source.gguf", "native": "source.gguf"}
    assert not [e for e in taking_part.values() if e.module == "transformers"]


def test_native_llama_gets_ours_source_and_prompt() -> None:
    (native,) = (entry for entry in entries().values() if entry.module == "native")
    assert (native.options["gguf"], native.options["tokens"]) == ("q4_1.gguf", PROMPT.tokens)


def test_large_is_measured_with_the_context_of_its_goal() -> None:
    assert entries(name=LARGE)[KERNEL].options["context"] == 4096
    assert entries(name=FULL)[KERNEL].options["context"] == 2048
