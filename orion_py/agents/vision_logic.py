"""Combines sight and sums in one agent; it is available once its merged model is built."""

from __future__ import annotations

from orion_py.agents.logical import LogicalAgent


class VisionLogicAgent(LogicalAgent):
    """Reasons about what an image shows."""
