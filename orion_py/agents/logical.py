"""Answers questions of reasoning, and computes sums instead of letting the model guess them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from orion_py.agents.base import Brief
from orion_py.agents.registered import RegisteredAgent
from orion_py.arithmetic.facts import FactTransform
from orion_py.arithmetic.find import Found, find_sums
from orion_py.arithmetic.verify import EquationTransform
from orion_py.language.function_words import french_or_english
from orion_py.protocol import InferOptions
from orion_py.skills.story import is_story
from orion_py.skills.story_sums import StorySums
from orion_py.skills.working_out import WorkingOut


class LogicalAgent(RegisteredAgent):
    """The answer begins with the question's sums, worked out, and the model goes on from there; its lines that work
    out anything else aren't shown. A question that is nothing but sums needs no model. In other answers, equations
    that are wrong are corrected before they are shown, and the model goes on from what is right. A problem told as a
    story is worked out in several ways."""

    async def prepare(self, query: str, locale: str, options: InferOptions) -> Brief:
        brief = await super().prepare(query, locale, options)
        french = french_or_english(query, locale).lower().startswith("fr")
        found = find_sums(query, french)
        if not found.sums:
            transform = brief.output_transform or partial(EquationTransform, french)
            solver = StorySums(french) if is_story(query) else WorkingOut(french)
            works_out = solver if brief.output_transform is None else None
            return replace(brief, output_transform=transform, skill=brief.skill or works_out)
        lines = [found_sum.line(french) for found_sum in found.sums]
        values = [found_sum.number.value for found_sum in found.sums if found_sum.number is not None]
        # Two blanks before a line's end are markdown's line break.
        head = "  \n".join(lines)
        wish = (
            "Le résultat donné est exact : ne recalcule rien."
            if french
            else "The result given is exact: don't recalculate."
        )
        return replace(
            brief,
            system=f"{brief.system} {wish}",
            assistant_prefix=head if found.only else head + "\n\n",
            answered_by="calculator" if found.only else "",
            output_transform=partial(FactTransform, french, values),
            notes={**brief.notes, "computed": _notes(found)},
        )


def _notes(found: Found) -> list[dict[str, str]]:
    """Each sum with its exact value as a fraction, for programs."""
    return [
        {"expression": s.expression, "value": str(s.number.value), "exact": str(s.number.exact).lower()}
        for s in found.sums
        if s.number is not None
    ]
