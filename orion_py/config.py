"""Defines EngineConfig: what an engine may use and do, with a preset for each kind of device.

``preset_for`` picks by the device, the settings override single fields through ``merge``. Every
field is checked strictly: a string where a number belongs is an error and is never converted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orion_py.errors import InvalidConfig
from orion_py.faults import first_fault

if TYPE_CHECKING:
    from orion_py.runtime.base import Device

LOW_END_MEMORY_GB = 2.0
"""Browsers report memory in steps (0.25, 0.5, 1, 2, 4, 8): at 2 and below a tab is soon killed."""


Words = tuple[str, str]
"""In English and in French."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Metadata of a field that people set on the page: the build draws it there (build_support/page_settings.py), as a
    switch, or where it has several values as a choice of ``options``, the engine's own first. ``advanced``: among those
    that few people change. ``note``: a line below it."""

    label: Words
    options: Mapping[str, Words] = field(default_factory=dict)
    note: Words | None = None
    advanced: bool = True


class EngineConfig(BaseModel):
    """Immutable; ``merge`` makes a changed copy. The page has the fields that are ``Shown``, in this order."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    max_memory_mb: Annotated[int, Field(ge=64, le=65_536)] = 4000
    max_agents_in_memory: Annotated[int, Field(ge=1, le=16)] = 2
    enable_vision: bool = True
    enable_code: bool = True
    enable_speech: bool = True
    enable_creative: bool = True
    enable_multilingual: bool = True
    disabled_agents: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Agents of the registry that don't answer, by their ids; a hybrid ("code-logic") doesn't either where one of its
    parts is among them. ``enable_code`` and its like are the same for five of them."""
    enable_full_models: Annotated[
        bool,
        Shown(
            (
                "Use larger models where this device allows",
                "Utiliser de plus grands modèles si l’appareil le permet",
            ),
            advanced=False,
        ),
    ] = True
    """Whether the larger models that agents prefer are brought, in the background, and used."""
    wait_for_larger_models: bool = False
    """Whether a question waits until the larger model that its agent prefers is in memory, where that lies on
    the device whole; otherwise a smaller one answers meanwhile."""
    enable_guardrails: Annotated[bool, Shown(("Guardrails", "Garde-fous"), advanced=False)] = True
    enable_circuit_breaker: bool = True
    enable_request_queue: bool = True
    use_neural_router: Annotated[bool, Shown(("Trained router", "Routeur entraîné"))] = True
    enable_predictive_loading: Annotated[
        bool,
        Shown(
            (
                "Load the model that is likely next ahead of time",
                "Charger à l’avance le prochain modèle probable",
            )
        ),
    ] = True
    enable_speculation: Annotated[
        bool,
        Shown(
            (
                "Faster on text that repeats; the answer stays the same",
                "Plus rapide quand le texte se répète ; la réponse reste la même",
            )
        ),
    ] = True
    """Whether text that repeats the prompt is guessed ahead and verified several tokens at a time:
    the answers stay the same and come sooner."""

    max_query_chars: Annotated[int, Field(ge=1, le=1_000_000)] = 12_000
    context_tokens: Annotated[int, Field(ge=64, le=131_072)] = 2048
    """Caps the KV cache, in tokens; a model's own context length may be smaller."""
    backend: Literal["auto", "webgpu", "wasm"] = "auto"
    runner: Annotated[
        Literal["auto", "kernel", "onnxruntime"],
        Shown(
            ("Computes with", "Calcule avec"),
            {
                "auto": ("What is fastest here", "Ce qui va le plus vite ici"),
                "kernel": ("Orion’s own kernel", "Le noyau d’Orion"),
                "onnxruntime": ("onnxruntime", "onnxruntime"),
            },
        ),
    ] = "auto"
    """What computes on the processor. "auto": our own kernel where it computes the model rightly, else onnxruntime;
    "kernel": the kernel first in any case, also before a GPU that proved faster; "onnxruntime": never the kernel."""
    cache_bits: Annotated[
        Literal["auto", "16", "8"],
        Shown(
            ("Memory for the conversation", "Mémoire de la conversation"),
            {
                "auto": ("Smaller where memory is short", "Réduite si la mémoire manque"),
                "16": ("Precise (16 bits)", "Précise (16 bits)"),
                "8": ("Half the size (8 bits)", "Deux fois plus petite (8 bits)"),
            },
        ),
    ] = "auto"
    """How wide our own kernel keeps a number of a conversation's keys and values. "8": half the memory, slightly other
    answers; "auto": 16, and 8 where the memory is short."""
    threads: Annotated[int, Field(ge=1, le=64)] | None = None
    """None: as many as the device has and the runtime gains from."""
    exact: Annotated[
        bool, Shown(("Exact weights: slower, without rounding", "Poids exacts : plus lent, sans arrondi"))
    ] = False
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
    verbose_logging: Annotated[bool, Shown(("Detailed technical log", "Journal technique détaillé"))] = False
    enable_telemetry: Annotated[
        bool,
        Shown(
            ("Count what is used, on this device only", "Statistiques d’usage, sur cet appareil seulement"),
            note=(
                "No text, no name, no time of day; nothing is ever sent. Turning it off erases it.",
                "Ni texte, ni nom, ni heure ; rien n’est jamais envoyé. L’arrêter efface tout.",
            ),
        ),
    ] = False


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


def shown() -> dict[str, Shown]:
    """The fields that people set on the page, in their order."""
    return {
        name: mark
        for name, info in EngineConfig.model_fields.items()
        for mark in info.metadata
        if isinstance(mark, Shown)
    }
