"""The temperature of a router's head."""

from __future__ import annotations

import numpy as np
import pytest

from model_foundry.routing.calibration import calibrate
from orion_py.routing.head import LinearHead, softmax


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_calibration_finds_the_temperature_that_the_answers_were_drawn_with(temperature: float) -> None:
    random = np.random.default_rng(4)
    logits = random.normal(0, 3, (6000, 4))
    targets = [int(random.choice(4, p=row)) for row in softmax(logits / temperature)]
    head = LinearHead(tuple("abcd"), np.zeros((2, 4)))
    assert calibrate(head, logits, targets).temperature == pytest.approx(temperature, rel=0.1)
