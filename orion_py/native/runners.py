"""Chooses what computes a variant in CPython: the first kind of runner that takes it and that this machine has.

The bridge has the same table in ``web/bridge/worker/inference/runner.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orion_py.errors import BackendUnavailable
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.native.external_runner import ExternalRunner
from orion_py.native.kernel_runner import KernelRunner, kernel_here
from orion_py.native.onnx_runner import OnnxRunner
from orion_py.runtime.runner import Runner


def _everywhere() -> tuple[str, str]:
    return "onnxruntime", ""


def _takes_stored_weights(variant: Variant) -> bool:
    return variant.engine == "kernel"


@dataclass(frozen=True, slots=True)
class RunnerKind:
    """One way to compute. A new one is a module with a ``runtime.runner.Runner``, and a row of ``KINDS``.

    ``takes``: whether it computes such a variant. ``here``: the name of what computes on this machine, and why there is
    nothing where that is "". ``make``: over a manifest, its variant, so many threads, and a context in tokens.
    """

    takes: Callable[[Variant], bool]
    here: Callable[[], tuple[str, str]]
    make: Callable[[Manifest, Variant, int, int], Runner]


KINDS = (
    RunnerKind(
        _takes_stored_weights,
        kernel_here,
        lambda manifest, variant, threads, context: KernelRunner(
            manifest, threads, context, variant.cache_bits, variant.plain
        ),
    ),
    RunnerKind(
        lambda variant: variant.prefill is not None and variant.prefill.io == "optimum", _everywhere, ExternalRunner
    ),
    RunnerKind(lambda variant: variant.prefill is not None, _everywhere, OnnxRunner),
)


def runner_for(manifest: Manifest, variant: Variant, threads: int, context: int) -> Runner:
    """Raises BackendUnavailable where nothing here computes that variant."""
    reasons = []
    for kind in KINDS:
        if kind.takes(variant):
            name, reason = kind.here()
            if name:
                return kind.make(manifest, variant, threads, context)
            reasons.append(reason)
    raise BackendUnavailable(f"nothing here computes the variant {variant.id}: {'; '.join(reasons)}")


def stored_weights_here() -> tuple[str, str]:
    """What computes weights as they are stored on this machine, by name, and why nothing does where that is ""."""
    found = [kind.here() for kind in KINDS if kind.takes(_STORED)]
    return next((each for each in found if each[0]), found[0])


_STORED = Variant(id="stored", engine="kernel", backend="wasm", exact=False, tolerance_kl=1)
