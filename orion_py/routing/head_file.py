"""Reads the head from a safetensors file (https://huggingface.co/docs/safetensors): one F16 tensor
``weights`` [features + 1, labels], with labels and temperature in the metadata.

The labels are the agents that the router can choose: whatever the head was trained on. The file in the foundry has
its model card in the metadata, too; the one that ships doesn't.
"""

from __future__ import annotations

import json
import re
import struct
from typing import Any

import numpy as np

from orion_py.errors import InvalidManifest
from orion_py.routing.features import SIZE
from orion_py.routing.head import LinearHead

UNSURE = 0.5
"""A calibrated confidence below this is a guess: conversation answers, and the guess is offered."""
_HEADER_LIMIT = 65_536
_MOST_LABELS = 64
_LABEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
"""As an agent's id in models.json."""


def write_head(head: LinearHead, card: str = "") -> bytes:
    """The file; the weights are rounded to half precision. ``card``: Markdown that ``read_card`` finds again."""
    metadata = {"labels": ",".join(head.labels), "temperature": f"{head.temperature:.6f}"}
    end = _bytes(len(head.labels))
    header = json.dumps(
        {
            "__metadata__": metadata | ({"card": card} if card else {}),
            "weights": {"dtype": "F16", "shape": list(head.weights.shape), "data_offsets": [0, end]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + head.weights.astype("<f2").tobytes()


def read_head(data: bytes) -> LinearHead:
    """Raises InvalidManifest if ``data`` isn't a head for these features."""
    try:
        header, body = _parts(data)
        meta, tensor = header["__metadata__"], header["weights"]
        labels, temperature = tuple(str(meta["labels"]).split(",")), float(meta["temperature"])
        if not all(map(_LABEL.fullmatch, labels)) or len(set(labels)) < len(labels):
            raise ValueError(f"its labels can't be: {meta['labels']!r}")
        if not 2 <= len(labels) <= _MOST_LABELS:
            raise ValueError(f"it has {len(labels)} labels, and not 2 to {_MOST_LABELS}")
        if tensor["shape"] != [SIZE + 1, len(labels)] or tensor["dtype"] != "F16":
            raise ValueError("it is for other features or labels")
        if len(body) != _bytes(len(labels)) or not 0.05 <= temperature <= 20:
            raise ValueError("its size or its temperature can't be")
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise InvalidManifest(f"router head: {error}", path="head") from error
    weights = np.frombuffer(body, "<f2").reshape(SIZE + 1, len(labels)).astype(np.float64)
    if not np.isfinite(weights).all():
        raise InvalidManifest("router head: a weight isn't finite", path="head")
    return LinearHead(labels, weights, temperature)


def read_card(data: bytes) -> str:
    """The model card that ``write_head`` was given. Raises InvalidManifest if ``data`` isn't a head."""
    try:
        return str(_parts(data)[0]["__metadata__"].get("card", ""))
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise InvalidManifest(f"router head: {error}", path="head") from error


def _parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and what follows it."""
    (length,) = struct.unpack("<Q", data[:8])
    if length > _HEADER_LIMIT:
        raise ValueError(f"its header has {length} bytes")
    header: dict[str, Any] = json.loads(data[8 : 8 + length])
    return header, data[8 + length :]


def _bytes(labels: int) -> int:
    return (SIZE + 1) * labels * 2
