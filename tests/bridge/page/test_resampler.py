"""Sound of any microphone becomes 16,000 samples a second, block by block, and nothing is mirrored into speech. Under
Node."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bridge_in_node import Node, bridge

SCRIPT = """
const { RATE, Resampler } = await import("./bridge/page/resampler.js");
/** A tone of `hertz` for half a second, in blocks of `size`. */
async function answer({ rate, hertz, size }) {
  const resampler = new Resampler(rate);
  const tone = Float32Array.from({ length: rate / 2 }, (_, at) => Math.cos(2 * Math.PI * hertz * at / rate));
  const found = [];
  for (let at = 0; at < tone.length; at += size) found.push(...resampler.push(tone.subarray(at, at + size)));
  return { rate: RATE, found };
}
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("node"), SCRIPT) as running:
        yield running


def resampled(node: Node, rate: int, hertz: float, size: int = 4800) -> NDArray[np.float64]:
    said = node.ask({"rate": rate, "hertz": hertz, "size": size})
    assert said["rate"] == 16_000
    return np.array(said["found"])


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("hertz", [0, 300, 3000])
def test_what_is_heard_is_the_same_tone_at_the_same_time(node: Node, rate: int, hertz: float) -> None:
    found = resampled(node, rate, hertz)
    assert abs(len(found) - 8000) < 100
    wanted = np.cos(2 * np.pi * hertz * np.arange(len(found)) / 16_000)
    assert np.abs(found - wanted)[200:-200].max() < 0.002


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("hertz", [9_000, 12_000, 20_000])
def test_what_16_kHz_cannot_hold_is_gone(node: Node, rate: int, hertz: float) -> None:
    assert np.abs(resampled(node, rate, hertz)[200:-200]).max() < 0.001


@pytest.mark.parametrize("size", [1, 128, 4799])
def test_the_size_of_the_blocks_changes_nothing(node: Node, size: int) -> None:
    assert np.array_equal(resampled(node, 44_100, 440, size), resampled(node, 44_100, 440))
