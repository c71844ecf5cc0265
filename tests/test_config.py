"""The configuration: presets, the device that fits them, and overrides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from orion_py.config import PRESETS, EngineConfig, merge, preset, preset_for
from orion_py.errors import InvalidConfig
from orion_py.runtime.base import Device


def test_the_production_preset_has_the_seeds_values() -> None:
    config = preset("production")
    assert (config.max_memory_mb, config.max_agents_in_memory) == (4000, 2)
    assert config.use_neural_router
    assert config.enable_guardrails
    assert config.enable_circuit_breaker
    assert not config.enable_telemetry
    assert not config.verbose_logging


def test_the_development_preset_has_the_seeds_values() -> None:
    config = preset("development")
    assert (config.max_memory_mb, config.max_agents_in_memory) == (8000, 3)
    assert config.use_neural_router
    assert config.enable_guardrails
    assert config.enable_circuit_breaker
    assert config.enable_telemetry
    assert config.verbose_logging


def test_the_low_end_preset_has_the_seeds_values() -> None:
    config = preset("low_end")
    assert (config.max_memory_mb, config.max_agents_in_memory) == (2000, 1)
    assert not config.use_neural_router
    assert not config.enable_guardrails
    assert not config.enable_predictive_loading
    assert not config.verbose_logging
    assert not config.enable_telemetry


def test_nothing_is_sent_or_logged_in_detail_unless_asked_for() -> None:
    assert not EngineConfig().enable_telemetry
    assert not EngineConfig().verbose_logging


def test_an_unknown_preset_is_named_in_the_error() -> None:
    with pytest.raises(InvalidConfig, match="'turbo' is none of production, development, low_end"):
        preset("turbo")


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (Device(threads=8, webgpu=True, memory_gb=8), "production"),
        (Device(threads=8, webgpu=False, memory_gb=None), "production"),
        (Device(threads=4, webgpu=True, memory_gb=2), "low_end"),
        (Device(threads=4, webgpu=False, memory_gb=0.5), "low_end"),
        (Device(threads=4, webgpu=False, memory_gb=2.5), "production"),
        (Device(threads=1, webgpu=False, memory_gb=None, isolated=True), "low_end"),
        (Device(threads=1, webgpu=False, memory_gb=8, isolated=False), "production"),
        (Device(threads=2, webgpu=False, memory_gb=None), "production"),
    ],
)
def test_the_preset_fits_the_device(device: Device, name: str) -> None:
    assert preset_for(device) == name
    assert name in PRESETS


def test_merging_changes_what_is_named_and_nothing_else() -> None:
    base = preset("low_end")
    merged = merge(base, {"max_memory_mb": 512, "threads": 2})
    changed = {key for key, value in merged.model_dump().items() if value != getattr(base, key)}
    assert changed == {"max_memory_mb", "threads"}
    assert (merged.max_memory_mb, merged.threads) == (512, 2)


def test_a_merge_leaves_its_base_as_it_was() -> None:
    base = preset("production")
    merge(base, {"backend": "wasm"})
    assert base.backend == "auto"


def test_a_configuration_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        EngineConfig().exact = True


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"max_memory_mb": "4000"}, "max_memory_mb"),
        ({"max_memory_mb": 0}, "max_memory_mb"),
        ({"max_agents_in_memory": 0}, "max_agents_in_memory"),
        ({"enable_vision": 1}, "enable_vision"),
        ({"backend": "cuda"}, "backend"),
        ({"threads": 0}, "threads"),
        ({"threads": True}, "threads"),
        ({"load_timeout_s": -1.0}, "load_timeout_s"),
        ({"inference_timeout_s": float("nan")}, "inference_timeout_s"),
        ({"exact": None}, "exact"),
        ({"max_query_chars": 1.5}, "max_query_chars"),
    ],
)
def test_a_bad_override_names_its_path(overrides: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        merge(preset("production"), overrides)
    assert caught.value.detail["path"] == path
    assert caught.value.message.startswith(f"{path}: ")


def test_a_misspelt_setting_is_answered_with_the_right_one() -> None:
    with pytest.raises(InvalidConfig, match="max_memory: there is no such setting; did you mean max_memory_mb"):
        merge(preset("production"), {"max_memory": 100})


def test_an_unheard_of_setting_has_no_suggestion() -> None:
    with pytest.raises(InvalidConfig, match=r"such setting$"):
        merge(preset("production"), {"qqq": 100})


def test_seconds_may_be_given_as_whole_numbers() -> None:
    assert merge(preset("production"), {"load_timeout_s": 5}).load_timeout_s == 5.0


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*EngineConfig.model_fields, "unknown"]),
        st.none() | st.booleans() | st.sampled_from(["", "wasm"]),
    )
)
def test_whatever_is_merged_ends_in_a_configuration_or_in_a_typed_error(overrides: dict[str, object]) -> None:
    try:
        merged: EngineConfig | None = merge(preset("production"), overrides)
        path = None
    except InvalidConfig as error:
        merged, path = None, error.detail["path"]
    if merged is None:
        assert path in overrides
    else:
        assert all(getattr(merged, key) == value for key, value in overrides.items())
