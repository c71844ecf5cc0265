"""Looks at a question's pictures, and again with less where memory runs out.

``next_look`` reads the column ``look`` of the remedies' table (``resilience.remedies``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reporting import Reporter
from orion_py.answering.services import Services
from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import OrionError
from orion_py.resilience.remedies import LookRemedy, remedies_against

if TYPE_CHECKING:
    from orion_py.senses.scenes.sight import Scenes, Sight

SMALLEST = 2
"""How many times smaller than usual the sides of a picture are at most, in which text is looked for."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the next look is taken. ``freed``: idle models were ended for it; ``shrink``: as ``Sight.look`` has it."""

    freed: bool = False
    shrink: int = 1


def next_look(look: Look, error: OrionError) -> tuple[LookRemedy, Look] | None:
    """The remedy against the ``error`` in which ``look`` ended, and the look after it. None: the error is the
    request's."""
    for remedy in remedies_against(error).look:
        if remedy == "evict_idle" and not look.freed:
            return remedy, replace(look, freed=True)
        if remedy == "smaller_picture" and look.shrink < SMALLEST:
            return remedy, replace(look, shrink=look.shrink * 2)
    return None


async def seen(
    sight: Sight, request: InferRequest, services: Services, report: Reporter, cancel: CancelToken
) -> Scenes:
    """What ``sight`` sees in the question's pictures. Raises as ``Sight.look`` and ``Attachments.picture``, once no
    remedy is left."""
    pictures = [partial(services.attachments.picture, name) for name in request.options.images]
    look = Look()
    while True:
        try:
            return await ended_by(sight.look(pictures, cancel, report.looking, look.shrink), cancel)
        except OrionError as error:
            look = await _recovered(look, error, services, report)


async def _recovered(look: Look, error: OrionError, services: Services, report: Reporter) -> Look:
    """The look to take next, its remedy applied. Raises ``error`` where there is none."""
    while (found := next_look(look, error)) is not None:
        remedy, look = found
        if remedy == "smaller_picture":
            report.fallback("picture", "the picture as it is", "the picture made smaller", error.code, error.message)
            return look
        if await services.models.end_idle(None, ()):
            report.fallback("memory", "other models kept at hand", "what sees alone", error.code, error.message)
            return look
    raise error
