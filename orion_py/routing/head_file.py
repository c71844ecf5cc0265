"""Reads the head from a safetensors file (https://huggingface.co/docs/safetensors): one F16 tensor
``weights`` [features + 1, labels], with labels and temperature in the metadata.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from orion_py.errors import InvalidManifest
from orion_py.routing.features import LABELS, SIZE
from orion_py.routing.head import LinearHead

UNSURE = 0.5
"""A calibrated confidence below this is a guess: conversation answers, and the guess is offered."""
_HEADER_LIMIT = 4096
_BYTES = (SIZE + 1) * len(LABELS) * 2


def write_head(head: LinearHead) -> bytes:
    """The file; the weights are rounded to half precision."""
    header = json.dumps(
        {
            "__metadata__": {"labels": ",".join(head.labels), "temperature": f"{head.temperature:.6f}"},
            "weights": {"dtype": "F16", "shape": list(head.weights.shape), "data_offsets": [0, _BYTES]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + head.weights.astype("<f2").tobytes()


def read_head(data: bytes) -> LinearHead:
    """Raises InvalidManifest if ``data`` isn't a head for these features and labels."""
    try:
        (length,) = struct.unpack("<Q", data[:8])
        if length > _HEADER_LIMIT:
            raise ValueError(f"its header has {length} bytes")
        header: dict[str, Any] = json.loads(data[8 : 8 + length])
        meta, tensor = header["__metadata__"], header["weights"]
        labels, temperature = tuple(str(meta["labels"]).split(",")), float(meta["temperature"])
        body = data[8 + length :]
        if labels != LABELS or tensor["shape"] != [SIZE + 1, len(LABELS)] or tensor["dtype"] != "F16":
            raise ValueError("it is for other features or labels")
        if len(body) != _BYTES or not 0.05 <= temperature <= 20:
            raise ValueError("its size or its temperature can't be")
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise InvalidManifest(f"router head: {error}", path="head") from error
    weights = np.frombuffer(body, "<f2").reshape(SIZE + 1, len(LABELS)).astype(np.float64)
    if not np.isfinite(weights).all():
        raise InvalidManifest("router head: a weight isn't finite", path="head")
    return LinearHead(labels, weights, temperature)
