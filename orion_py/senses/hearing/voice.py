"""Finds voice in sound: the probability of speech for each 32 ms, by Silero VAD v5 (https://github.com/snakers4/silero-vad).

The foundry's graph takes many frames at once (``model_foundry/senses/silero.py``); each is seen with the 64 samples
before it, and the state goes from one call to the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from orion_py.runtime.graphs import Graph
from orion_py.senses.hearing.resampling import RATE, Samples

FRAME = 512
CONTEXT = 64
FRAME_SECONDS = FRAME / RATE
_AT_ONCE = 1_000
STATE = (2, 1, 128)


class VoiceProbability:
    """One stream at 16 kHz."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._kept = np.zeros(CONTEXT, np.float32)
        """The context of the next frame, and what isn't a whole frame yet."""
        self._state = np.zeros(STATE, np.float32)

    async def push(self, samples: Samples) -> NDArray[np.float32]:
        """F32 [n]: the probability of speech in each frame that is whole by now."""
        self._kept = np.concatenate([self._kept, samples])
        found = []
        while (count := min((len(self._kept) - CONTEXT) // FRAME, _AT_ONCE)) > 0:
            frames = np.lib.stride_tricks.sliding_window_view(self._kept, CONTEXT + FRAME)[::FRAME][:count]
            out = await self._graph.run({"frames": np.ascontiguousarray(frames), "state": self._state})
            self._state = np.asarray(out["new_state"], np.float32)
            found.append(np.asarray(out["speech"], np.float32).reshape(-1))
            self._kept = self._kept[count * FRAME :]
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    async def finish(self) -> NDArray[np.float32]:
        """The same for the last frame, which silence fills up."""
        rest = len(self._kept) - CONTEXT
        return await self.push(np.zeros(FRAME - rest, np.float32)) if rest else np.zeros(0, np.float32)
