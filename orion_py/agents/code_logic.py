"""Combines sums and code in one agent; it is available once its merged model is built."""

from __future__ import annotations

from orion_py.agents.code import CodeAgent
from orion_py.agents.logical import LogicalAgent


class CodeLogicAgent(LogicalAgent, CodeAgent):
    """Works sums out, and writes fenced code: what isn't a sum is code's."""
