"""Writes the classifiers as a module of the engine: eight bits a weight, a scale a kind."""

from __future__ import annotations

import base64
import textwrap

import numpy as np

from orion_py.safety.learned import Classifier

WIDTH = 100
_HEAD = '''"""Holds the guard's learned weights. ``foundry guard train`` writes this file; don't edit it."""

'''


def rounded(classifier: Classifier) -> Classifier:
    """The classifier as it is read back: what is measured is what ships."""
    scales = _scales(classifier)
    weights = np.round(classifier.weights / scales[:, None]).astype(np.int8).astype(np.float32) * scales[:, None]
    return Classifier(classifier.kinds, weights, _rounded(classifier.bias), _rounded(classifier.threshold))


def module(classifier: Classifier) -> str:
    """The text of ``orion_py/safety/learned_weights.py``."""
    scales = _scales(classifier)
    packed = base64.b64encode(np.round(classifier.weights / scales[:, None]).astype(np.int8).tobytes()).decode()
    lines = "\n".join(f'    "{line}",' for line in textwrap.wrap(packed, WIDTH))
    return (
        f"{_HEAD}KINDS = {_quoted(classifier.kinds)}\n"
        f"SCALES = ({', '.join(f'{float(scale)!r}' for scale in scales)})\n"
        f"BIAS = ({', '.join(map(repr, _rounded(classifier.bias)))})\n"
        f"THRESHOLD = ({', '.join(map(repr, _rounded(classifier.threshold)))})\n"
        f"WEIGHTS = (\n{lines}\n)\n"
    )


def _quoted(kinds: tuple[str, ...]) -> str:
    return "(" + ", ".join(f'"{kind}"' for kind in kinds) + ")"


def _rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(value, 4) for value in values)


def _scales(classifier: Classifier) -> np.ndarray:
    return np.array([round(float(scale), 8) for scale in np.abs(classifier.weights).max(axis=1) / 127])
