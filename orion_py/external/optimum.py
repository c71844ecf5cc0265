"""Names the inputs and outputs of decoder graphs as Optimum exports them and transformers.js runs them.

``web/bridge/worker/ort/external-model.js`` has the same rules for the browser.
"""

from __future__ import annotations

from collections.abc import Collection

from orion_py.errors import UnsupportedModel
from orion_py.manifest.architecture import Architecture

OPTIONAL = ("attention_mask", "position_ids", "num_logits_to_keep")
"""Given where the graph asks for them; ``input_ids``, keys and values it has to ask for."""
LOGITS_BYTES = 64 * 2**20
MOST_ROWS, LEAST_ROWS = 128, 16


def logits_rows(vocab: int) -> int:
    """Prompt tokens a run. Every token's logits come out, so a large vocabulary makes the runs short."""
    return max(LEAST_ROWS, min(MOST_ROWS, LOGITS_BYTES // (4 * vocab)))


def past_names(layers: int) -> list[str]:
    return [f"past_key_values.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]


def present_names(layers: int) -> list[str]:
    return [f"present.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]


def check_edges(inputs: Collection[str], outputs: Collection[str], architecture: Architecture) -> None:
    """Raises UnsupportedModel where the graph wants an unknown input, or lacks a required one."""
    needed = {"input_ids", *past_names(architecture.layers)}
    for name in sorted(inputs):
        if name not in needed and name not in OPTIONAL:
            raise UnsupportedModel(f"The graph asks for {name[:80]!r}, which Orion doesn't know.", input=name[:80])
    missing = [n for n in sorted(needed) if n not in inputs]
    missing += [n for n in ("logits", *present_names(architecture.layers)) if n not in outputs]
    if missing:
        raise UnsupportedModel(f"The graph has no {missing[0]!r}, as config.json has it.", missing=missing[0])
