"""Combines sight and sums: works out what a question wants of the numbers in pictures."""

from __future__ import annotations

from dataclasses import replace

from orion_py.agents.base import Brief
from orion_py.agents.logical import LogicalAgent
from orion_py.agents.vision import VisionAgent, spoken
from orion_py.protocol import InferOptions
from orion_py.senses.scenes.sight import Scenes
from orion_py.senses.scenes.sums import worked_out


class VisionLogicAgent(VisionAgent, LogicalAgent):
    """Adds a bill up, shares it, compares amounts of several pictures, and shows the working; what is no sum is
    answered as by sight alone. A sum in the question itself needs no picture."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await LogicalAgent.prepare(self, query, locale, options)
        return brief if brief.assistant_prefix else await VisionAgent.prepare(self, query, locale, options)

    async def prepare_seen(
        self, query: str, locale: str, options: InferOptions, scenes: Scenes, model_sees: bool = False
    ) -> Brief:
        brief = await super().prepare_seen(query, locale, options, scenes, model_sees)
        found = worked_out(query, scenes.reports, spoken(query, locale))
        if found is None:
            return brief
        computed = [{"expression": found.expression, "value": found.value, "exact": "true"}] if found.expression else []
        notes = {**brief.notes, "computed": computed}
        return replace(
            brief, assistant_prefix=found.text, answered_by="calculator", asked="", asked_beside="", notes=notes
        )
