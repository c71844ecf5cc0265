"""Data of tasks: read whole or refused, and sampled so that a run can be widened."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_foundry.errors import EvaluationFailed
from model_foundry.measuring.tasks import rows
from model_foundry.measuring.tasks.rows import read_rows, sample


def test_plain_and_gzipped_lines_are_read_alike(tmp_path: Path) -> None:
    lines = '{"a": 1}\n\n{"a": 2}\n'
    (tmp_path / "plain.jsonl").write_text(lines)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    assert read_rows(tmp_path, "plain") == read_rows(tmp_path, "packed") == [{"a": 1}, {"a": 2}]


def test_missing_data_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFailed, match=r"models evaluation"):
        read_rows(tmp_path, "gsm8k")


@pytest.mark.parametrize("data", [b"", b"[1]\n", b"{\n", b"\xff\xfe", b"1\n"])
def test_what_isnt_rows_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(data)
    with pytest.raises(EvaluationFailed, match=r"x\.jsonl"):
        read_rows(tmp_path, "x")


def test_cut_and_swollen_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(json.dumps({"a": "b" * 5000}).encode())
    (tmp_path / "x.jsonl.gz").write_bytes(packed[:-9])
    with pytest.raises(EvaluationFailed, match="can't be read"):
        read_rows(tmp_path, "x")
    (tmp_path / "x.jsonl.gz").write_bytes(packed)
    monkeypatch.setattr(rows, "MAX_BYTES", 100)
    with pytest.raises(EvaluationFailed, match="more than 100 bytes"):
        read_rows(tmp_path, "x")


@given(st.integers(0, 60), st.integers(1, 70), st.integers(1, 70), st.integers(0, 5))
def test_a_smaller_sample_is_a_part_of_a_larger_one(count: int, one: int, other: int, seed: int) -> None:
    small, large = (sample(range(count), limit, seed) for limit in sorted((one, other)))
    assert set(small) <= set(large)
    assert small == sorted(small)
    assert len(small) == min(count, one, other)


def test_the_seed_decides_and_no_limit_takes_all() -> None:
    assert sample(range(100), 10, 1) == sample(range(100), 10, 1) != sample(range(100), 10, 2)
    assert sample(range(5), None, 1) == [0, 1, 2, 3, 4]
