"""Defines EngineConfig: what an engine may use and do, with a preset for each kind of device.

``preset_for`` picks by the device, the settings override single fields through ``merge``. Every
field is checked strictly: a string where a number belongs is an error and is never converted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orion_py.errors import InvalidConfig
from orion_py.faults import first_fault

if TYPE_CHECKING:
    from orion_py.runtime.base import Device

LOW_END_MEMORY_GB = 2.0
"""Browsers report memory in steps (0.25, 0.5, 1, 2, 4, 8): at 2 and below a tab is soon killed."""


class EngineConfig(BaseModel):
    """Immutable; ``merge`` makes a changed copy."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    max_memory_mb: Annotated[int, Field(ge=64, le=65_536)] = 4000
    max_agents_in_memory: Annotated[int, Field(ge=1, le=16)] = 2
    use_neural_router: bool = True
    enable_vision: bool = True
    enable_code: bool = True
    enable_speech: bool = True
    enable_creative: bool = True
    enable_multilingual: bool = True
    enable_guardrails: bool = True
    enable_circuit_breaker: bool = True
    enable_request_queue: bool = True
    enable_predictive_loading: bool = True
    enable_full_models: bool = True
    """Whether the larger models that agents prefer are brought, in the background, and used."""
    wait_for_larger_models: bool = False
    """Whether a question waits until the larger model that its agent prefers is in memory, where that lies on
    the device whole; otherwise a smaller one answers meanwhile."""
    enable_speculation: bool = True
    """Whether text that repeats the prompt is guessed ahead and verified several tokens at a time:
    the answers stay the same and come sooner."""
    enable_telemetry: bool = False
    verbose_logging: bool = False

    max_query_chars: Annotated[int, Field(ge=1, le=1_000_000)] = 12_000
    context_tokens: Annotated[int, Field(ge=64, le=131_072)] = 2048
    """Caps the KV cache, in tokens; a model's own context length may be smaller."""
    backend: Literal["auto", "webgpu", "wasm"] = "auto"
    runner: Literal["auto", "kernel", "onnxruntime"] = "auto"
    """What computes on the processor. "auto": our own kernel where it computes the model rightly, else onnxruntime;
    "kernel": the kernel first in any case, also before a GPU that proved faster; "onnxruntime": never the kernel."""
    cache_bits: Literal["auto", "16", "8"] = "auto"
    """How wide our own kernel keeps a number of a conversation's keys and values. "8": half the memory, slightly other
    answers; "auto": 16, and 8 where the memory is short."""
    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """None: as many as the device has and the runtime gains from."""
    exact: bool = False
    """Run the variant that computes with the source's own weights: slower, no loss."""
    parallel_requests: Annotated[int, Field(ge=1, le=8)] = 1
    """How many requests are answered at once, each by another model's worker; two for the same model answer
    one after the other. On a device with few cores, one at a time is as fast and takes less memory."""
    download_concurrency: Annotated[int, Field(ge=1, le=16)] = 3
    load_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """Seconds without any progress, not in all: a slow line is no fault."""
    inference_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 90.0
    """Seconds without a token."""
    slow_call_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """An answer is slow when its prompt and 64 tokens at its rate take longer, in seconds: about one
    token a second. When four of five are slow the circuit breaker opens, and a smaller model answers."""
    breaker_window_s: Annotated[float, Field(gt=0, le=86_400)] = 900.0
    """Seconds after which a circuit breaker no longer counts a call."""


_PRESETS: dict[str, dict[str, Any]] = {
    "production": {},
    "development": {
        "max_memory_mb": 8000,
        "max_agents_in_memory": 3,
        "enable_telemetry": True,
        "verbose_logging": True,
    },
    "low_end": {
        "max_memory_mb": 2000,
        "max_agents_in_memory": 1,
        "use_neural_router": False,
        "enable_guardrails": False,
        "enable_predictive_loading": False,
        "enable_full_models": False,
        "download_concurrency": 2,
        "context_tokens": 1024,
    },
}
PRESETS = tuple(_PRESETS)


def preset(name: str) -> EngineConfig:
    """The preset of that name. Raises InvalidConfig."""
    if name not in _PRESETS:
        raise InvalidConfig(f"preset: {name!r} is none of {', '.join(PRESETS)}", path="preset")
    return EngineConfig(**_PRESETS[name])


def preset_for(device: Device) -> str:
    """The preset's name that fits ``device``. "development" is for people to choose.

    One thread counts as little only on an isolated page: elsewhere one is all that any device
    shows, however strong it is.
    """
    little_memory = device.memory_gb is not None and device.memory_gb <= LOW_END_MEMORY_GB
    one_core = device.isolated and device.threads <= 1
    return "low_end" if little_memory or one_core else "production"


def merge(base: EngineConfig, overrides: dict[str, Any]) -> EngineConfig:
    """``base`` with ``overrides``. Raises InvalidConfig, which names the path and the fault."""
    try:
        return EngineConfig.model_validate({**base.model_dump(), **overrides})
    except ValidationError as error:
        path, fault = first_fault(error)
        if path and path.partition(".")[0] not in EngineConfig.model_fields:
            raise InvalidConfig(f"{path}: there is no such setting{_suggestion(path)}", path=path) from error
        raise InvalidConfig(f"{path or '(top)'}: {fault}", path=path or "(top)") from error


def _suggestion(name: str) -> str:
    import difflib  # only on the way to an error: its import costs milliseconds at boot

    close = difflib.get_close_matches(name, EngineConfig.model_fields, n=1)
    return f"; did you mean {close[0]}?" if close else ""
