"""Counters and histograms."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.telemetry.metrics import Metrics


def test_a_counter_counts() -> None:
    metrics = Metrics()
    metrics.count("answers")
    metrics.count("answers")
    metrics.count("bytes", 10)
    assert metrics.snapshot() == {"counters": {"answers": 2, "bytes": 10}, "histograms": {}}


def test_a_histogram_sums_up_its_values() -> None:
    metrics = Metrics()
    for value in range(1, 101):
        metrics.observe("ms", value)
    assert metrics.snapshot()["histograms"]["ms"] == {
        "count": 100,
        "min": 1,
        "max": 100,
        "mean": 50.5,
        "p50": 50,
        "p90": 90,
        "p95": 95,
        "p99": 99,
    }


def test_of_one_value_every_percentile_is_that_value() -> None:
    metrics = Metrics()
    metrics.observe("ms", 7.0)
    assert set(metrics.snapshot()["histograms"]["ms"].values()) == {1, 7.0}


def test_percentiles_forget_old_values_while_the_totals_dont() -> None:
    metrics = Metrics(window=10)
    for value in [1000.0] * 5 + [1.0] * 10:
        metrics.observe("ms", value)
    summary = metrics.snapshot()["histograms"]["ms"]
    assert (summary["p99"], summary["max"], summary["count"]) == (1.0, 1000.0, 15)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_isnt_a_number_is_counted_apart(value: float) -> None:
    metrics = Metrics()
    metrics.observe("ms", value)
    assert metrics.snapshot() == {"counters": {"ms.invalid": 1}, "histograms": {}}


def test_a_snapshot_is_a_copy() -> None:
    metrics = Metrics()
    metrics.count("a")
    snapshot = metrics.snapshot()
    metrics.count("a")
    assert snapshot["counters"] == {"a": 1}


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_percentiles_are_values_that_occurred_in_rising_order(values: list[float]) -> None:
    metrics = Metrics()
    for value in values:
        metrics.observe("x", value)
    summary = metrics.snapshot()["histograms"]["x"]
    ranks = [summary[name] for name in ("min", "p50", "p90", "p95", "p99", "max")]
    assert ranks == sorted(ranks)
    assert set(ranks) <= set(values)
    assert sum(value <= summary["p50"] for value in values) >= len(values) / 2
    json.dumps(metrics.snapshot())
