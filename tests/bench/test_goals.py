"""What is compared with whom, and what each figure has to reach."""

from __future__ import annotations

import pytest

from bench.contenders import (
    BANDWIDTH,
    DECODE_FAR,
    FULL,
    LARGE,
    LIMIT,
    LITE,
    MEMORY,
    PREFILL_LONG,
    ROWS,
    START,
)
from bench.figures import Contender, Target
from bench.goals import WLLAMA_NOTE, notes_for, targets_for

UNITS = {"Python's share": "%", MEMORY: "MB", START: "ms"}


def made(name: str, figures: dict[str, float], threads: str = "2 threads") -> Contender:
    contender = Contender(f"{name}, {threads}")
    for metric, value in figures.items():
        for _ in range(3):
            contender.add(metric, UNITS.get(metric, "tokens/s"), value, 0.0)
    return contender


def by_title(targets: list[Target]) -> dict[str, Target]:
    return {target.title: target for target in targets}


KERNEL = made(
    "ORION kernel",
    {
        "decode": 130.0,
        "prefill": 540.0,
        PREFILL_LONG: 500.0,
        DECODE_FAR: 96.0,
        ROWS: 4.5,
        MEMORY: 149.0,
        START: 430.0,
    },
)
ORT = made(
    "ORION, onnxruntime",
    {"decode": 35.0, "prefill": 290.0, PREFILL_LONG: 280.0, DECODE_FAR: 30.0, MEMORY: 392.0, START: 3200.0},
)
PLAIN = made("ORION kernel, plain SIMD", {"decode": 105.0, "prefill": 320.0, DECODE_FAR: 80.0})


def test_lite_is_held_to_its_goals_over_todays_path() -> None:
    found = by_title(targets_for([KERNEL, PLAIN, ORT], 2))
    wanted = {title: target.wanted for title, target in found.items()}
    assert wanted == {
        "2 threads: kernel over onnxruntime, decode": 3.5,
        "2 threads: kernel over onnxruntime, prefill": 1.8,
        f"2 threads: kernel over onnxruntime, {PREFILL_LONG}": None,
        f"2 threads: kernel over onnxruntime, {DECODE_FAR}": 3.2,
        "2 threads: kernel without relaxed SIMD over onnxruntime, decode": 2.8,
        "2 threads: kernel without relaxed SIMD over onnxruntime, prefill": None,
        f"2 threads: kernel without relaxed SIMD over onnxruntime, {DECODE_FAR}": None,
        "2 threads: 8 rows verified at once": 5.0,
        "2 threads: WASM memory": 160.0,
        "2 threads: worker start to first token, of onnxruntime's": 0.2,
    }
    assert found["2 threads: kernel over onnxruntime, decode"].value == pytest.approx(130 / 35)
    assert found["2 threads: worker start to first token, of onnxruntime's"].value == pytest.approx(430 / 3200)
    assert all(target.met for target in found.values() if target.wanted)


def test_more_memory_or_a_later_start_than_wanted_is_missed() -> None:
    late = made("ORION kernel", {"decode": 130.0, MEMORY: 170.0, START: 700.0})
    found = by_title(targets_for([late, ORT], 2))
    assert found["2 threads: WASM memory"].met is False
    assert found["2 threads: worker start to first token, of onnxruntime's"].met is False


def test_ours_is_compared_with_the_faster_of_wllamas_quantizations() -> None:
    wllama = [
        made("wllama, Q4_1", {"decode": 20.0, "prefill": 50.0}),
        made("wllama, Q8_0", {"decode": 25.0, "prefill": 30.0}),
    ]
    found = by_title(targets_for([KERNEL, *wllama], 2))
    decode = found["2 threads: kernel over wllama, Q8_0, decode"]
    prefill = found["2 threads: kernel over wllama, Q4_1, prefill"]
    assert (decode.value, decode.wanted) == (pytest.approx(130 / 25), 6.0)
    assert (prefill.value, prefill.wanted) == (pytest.approx(540 / 50), 13.0)


def test_one_thread_is_held_to_its_own_goals() -> None:
    one = "1 thread"
    measured = [
        made("ORION kernel", {"decode": 76.0, "prefill": 280.0}, one),
        made("ORION, onnxruntime", {"decode": 25.0, "prefill": 190.0}, one),
        made("wllama, Q8_0", {"decode": 11.0, "prefill": 20.0}, one),
    ]
    wanted = {target.title: target.wanted for target in targets_for(measured, 1)}
    assert wanted["1 thread: kernel over onnxruntime, decode"] == 2.9
    assert wanted["1 thread: kernel over wllama, Q8_0, decode"] == 6.0


@pytest.mark.parametrize(("model", "least"), [(LITE, 1.5), (FULL, 0.9), (LARGE, 0.9)])
@pytest.mark.parametrize("threads", ["2 threads", "1 thread"])
def test_native_llama_is_the_peer_that_no_browser_holds_back(model: str, least: float, threads: str) -> None:
    ours = made("ORION kernel", {"decode": 100.0, "prefill": 300.0}, threads)
    native = made("llama.cpp, native", {"decode": 80.0, "prefill": 400.0}, threads)
    found = by_title(targets_for([ours, native], 2 if threads == "2 threads" else 1, model))
    target = found[f"{threads}: kernel in the browser over llama.cpp, native, decode"]
    assert (target.value, target.wanted) == (pytest.approx(1.25), least)


@pytest.mark.parametrize(("model", "most"), [(LITE, None), (FULL, 1.3), (LARGE, 1.3)])
def test_decode_stands_beside_what_the_memory_gives(model: str, most: float | None) -> None:
    read = made("ORION kernel, plain read", {BANDWIDTH: 20.0, LIMIT: 160.0})
    found = by_title(targets_for([KERNEL, read], 2, model))
    target = found["2 threads: decode's time over that of a plain read of its bytes"]
    assert (target.value, target.wanted, target.at_least) == (pytest.approx(160 / 130), most, False)


def test_full_is_held_to_its_goals() -> None:
    ours = made("ORION kernel", {"decode": 40.0, "prefill": 200.0, PREFILL_LONG: 250.0, MEMORY: 590.0})
    onnx = made("ORION, onnxruntime", {"decode": 15.0, "prefill": 137.0, PREFILL_LONG: 130.0})
    wllama = made("wllama, Q4_K_M", {"decode": 6.0, "prefill": 9.0})
    wanted = {target.title: target.wanted for target in targets_for([ours, onnx, wllama], 2, FULL)}
    assert wanted["2 threads: kernel over wllama, Q4_K_M, decode"] == 6.5
    assert wanted[f"2 threads: kernel over onnxruntime, {PREFILL_LONG}"] == 1.8
    assert wanted["2 threads: WASM memory"] == 600.0


def test_large_where_onnxruntime_failed_still_has_its_own_goals() -> None:
    ours = made("ORION kernel", {"decode": 15.0, "prefill": 60.0, MEMORY: 1300.0, START: 3000.0})
    wanted = {target.title: target.wanted for target in targets_for([ours], 2, LARGE)}
    assert wanted == {"2 threads: WASM memory": 1400.0}


def test_pythons_share_has_a_limit_on_the_kernel_and_is_told_on_onnxruntime() -> None:
    share = {"Python's share": 12.0}
    kernel, onnx = (made(f"ORION, whole engine, {runner}, greedy", share) for runner in ("kernel", "onnxruntime"))
    first, second = targets_for([kernel, onnx], 2)
    assert (first.wanted, first.met) == (10.0, False)
    assert second.wanted is None


def test_the_whole_engine_is_held_to_what_the_kernel_alone_decodes() -> None:
    engine = made("ORION, whole engine, kernel, greedy", {"decode": 118.0})
    onnx = made("ORION, whole engine, onnxruntime, greedy", {"decode": 30.0})
    found = by_title(targets_for([KERNEL, engine, onnx], 2))
    target = found["ORION, whole engine, kernel, greedy, 2 threads over the kernel alone, decode"]
    assert (target.value, target.wanted, target.met) == (pytest.approx(118 / 130), 0.9, True)
    assert not any("onnxruntime" in title for title in found if "over the kernel alone" in title)


def test_ratios_over_wllama_come_with_a_word_about_its_builds() -> None:
    assert WLLAMA_NOTE in notes_for([made("wllama, Q8_0", {"decode": 20.0})])
    assert notes_for([KERNEL]) == []


def test_the_bytes_of_the_layout_are_told_with_the_rate_that_the_memory_gives() -> None:
    read = made("ORION kernel, plain read", {BANDWIDTH: 20.0, LIMIT: 207.0})
    read.facts = {"bytes": 96_579_072}
    (note,) = notes_for([read])
    assert "96.6 MB" in note
    assert "20.0 GB/s" in note
    assert "207 tokens/s" in note
