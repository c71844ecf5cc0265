"""Medians over undisturbed samples, and verdicts."""

from __future__ import annotations

import pytest

from bench.figures import Contender, Outcome, Sample, Series, Target, fastest, limit, ratio, speedup


def series(*values: float, foreign: float | None = 0.0, unit: str = "tokens/s") -> Series:
    return Series(unit, [Sample(value, foreign) for value in values])


def test_disturbed_samples_are_left_out_when_enough_others_are_there() -> None:
    mixed = Series("ms", [Sample(1, 0), Sample(2, 0.05), Sample(3, 0.1), Sample(900, 1.8)])
    assert mixed.median == 2
    assert not mixed.noisy


def test_with_too_few_quiet_samples_all_count_and_the_figure_is_noisy() -> None:
    mixed = Series("ms", [Sample(1, 0), Sample(2, 0), Sample(9, 1.0)])
    assert mixed.median == 2
    assert mixed.noisy


def test_a_sample_whose_disturbance_is_unknown_is_not_quiet() -> None:
    assert series(1, 2, 3, foreign=None).noisy


def test_nothing_measured_is_an_error_and_no_zero() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        _ = Series("ms").median


def test_a_ratio_is_ours_over_theirs_and_as_noisy_as_either() -> None:
    target = ratio("decode", series(34, 34, 34), series(20, 20, 20, foreign=1.0), 1.7)
    assert target.value == pytest.approx(1.7)
    assert target.met
    assert target.noisy


def test_a_speedup_is_theirs_over_ours() -> None:
    target = speedup("boot", series(1000, 1000, 1000), series(2900, 2900, 2900), 3.0)
    assert target.value == pytest.approx(2.9)
    assert target.met is False


def test_a_limit_is_met_from_below() -> None:
    assert limit("share", series(10, 10, 10, unit="%"), 10.0).met
    assert limit("share", series(10.1, 10.1, 10.1, unit="%"), 10.0).met is False


def test_without_a_wish_there_is_no_verdict() -> None:
    assert Target("t", 1.0, None, True, "x", False).met is None


def test_the_fastest_is_chosen_for_each_metric() -> None:
    q4, q8 = Contender("Q4"), Contender("Q8")
    for contender, prefill, decode in ((q4, 30, 40), (q8, 50, 20)):
        contender.add("prefill", "tokens/s", prefill, 0.0)
        contender.add("decode", "tokens/s", decode, 0.0)
    assert fastest([q4, q8], "prefill") is q8
    assert fastest([q4, q8], "decode") is q4


def test_json_holds_every_sample_with_its_disturbance() -> None:
    contender = Contender("us")
    contender.add("decode", "tokens/s", 50.0, 0.5)
    outcome = Outcome("generate", [contender], [limit("t", contender.series["decode"], 60.0)]).to_json()
    metric = outcome["contenders"][0]["metrics"]["decode"]
    assert metric["samples"] == [{"value": 50.0, "foreign_cores": 0.5, "quiet": False}]
    assert metric["noisy"]
    assert outcome["targets"][0]["met"]
