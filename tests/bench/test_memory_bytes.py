"""The registry's figures beside measured ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from bench.benches.memory_bytes import WAYS, compared, held_by, registered_bytes
from orion_py.config import EngineConfig


def test_only_models_that_the_site_has_are_measured(tmp_path: Path) -> None:
    entries = [
        {"id": name, "manifest": f"models/{name}/manifest.json", "memory_bytes": size, **more}
        for name, size, more in (("lite", 150, {"onnxruntime_memory_bytes": 390}), ("full", 600, {}))
    ]
    (tmp_path / "models.json").write_text(json.dumps({"models": entries}))
    (tmp_path / "models" / "lite").mkdir(parents=True)
    (tmp_path / "models" / "lite" / "manifest.json").touch()
    assert registered_bytes(tmp_path) == {"lite": {"kernel": 150, "onnxruntime": 390}}


@pytest.mark.parametrize(
    ("said", "met"), [(150, [True, True]), (148, [True, True]), (140, [False, True]), (420, [True, False])]
)
def test_a_figure_that_is_off_in_either_direction_is_missed(said: int, met: list[bool]) -> None:
    assert [target.met for target in compared("lite", said, 150)] == met


LOADED: list[dict[str, Any]] = [
    {"model": "lite", "variant": "kernel", "backend": "Kernel, 2 threads", "memory_bytes": 149_422_080}
]


def test_the_engines_own_status_is_what_counts() -> None:
    assert held_by(LOADED, "lite", "kernel") == 149_422_080


def test_a_narrower_cache_is_the_kernels_too() -> None:
    narrow = LOADED[0] | {"variant": "kernel-8bit", "backend": "Kernel, 2 threads, 8-bit cache"}
    assert held_by([narrow], "lite", "kernel") == 149_422_080


def test_every_way_is_a_configuration_that_the_engine_takes() -> None:
    for way in WAYS:
        assert EngineConfig(runner=way.runner, **way.config)


def test_a_model_that_came_up_on_another_runner_is_no_measurement() -> None:
    with pytest.raises(Error, match="on another runner: Kernel, 2 threads"):
        held_by(LOADED, "lite", "onnxruntime")
    with pytest.raises(Error, match="isn't in memory"):
        held_by([], "lite", "kernel")
