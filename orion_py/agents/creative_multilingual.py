"""Combines styles and languages in one agent; it is available once its merged model is built."""

from __future__ import annotations

from orion_py.agents.creative import CreativeAgent
from orion_py.agents.multilingual import MultilingualAgent


class CreativeMultilingualAgent(MultilingualAgent, CreativeAgent):
    """Writes in a style, in the language asked for."""
