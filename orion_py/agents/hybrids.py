"""Combines two skills in one agent; each is available once its merged model is built."""

from __future__ import annotations

from orion_py.agents.code import CodeAgent
from orion_py.agents.creative import CreativeAgent
from orion_py.agents.logical import LogicalAgent
from orion_py.agents.multilingual import MultilingualAgent


class CodeLogicAgent(LogicalAgent, CodeAgent):
    """Works sums out, and writes fenced code: what isn't a sum is code's."""


class CreativeMultilingualAgent(MultilingualAgent, CreativeAgent):
    """Writes in a style, in the language asked for."""


class VisionLogicAgent(LogicalAgent):
    """Reasons about what an image shows."""
