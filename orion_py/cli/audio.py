"""Makes a question of recordings (``orion chat --audio``): what is said in them, or what the person asks about that."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orion_py.agents.base import Brief
from orion_py.answering.response import Timing, from_agent
from orion_py.cli.ears import ears_of, require_built
from orion_py.cli.transcribe import as_json
from orion_py.engine.engine import Engine
from orion_py.errors import UnreadableSound
from orion_py.generation.sampling import SamplingWishes
from orion_py.protocol import Response
from orion_py.routing.base import RoutingDecision
from orion_py.senses.hearing.transcriber import WHISPER, Transcript, transcribe

SPEECH = "speech"
"""The agent whose answer to a recording is what is said in it."""
_WRITTEN = re.compile(
    r"\b(?:re)?transcri(?:be|bes|s|re|ption|vez|t|ves)\b|\bwrite (?:it|this|that|everything) down\b|\bsubtitles?\b|"
    r"\bwhat (?:is|was|did|does|do|are|were)\b.{0,30}\b(?:say|said|saying)\b|\bword for word\b"
    r"|\b(?:mets?|mettez|mettre)\b.{0,30}\bpar écrit\b|\bsous-titres?\b|\bmot (?:à|pour) mot\b"
    r"|\b(?:que|qu'est-ce que?|qu'est-ce qui)\b.{0,30}\b(?:dit|dis|disent|raconte)\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:translat|tradui|summar|résum|resum|explain|expli|answer|répon|correct|corrig|about|à propos|au sujet|"
    r"rewrite|réécri|list|count|combien|how many|main|princip)",
    re.IGNORECASE,
)
"""What needs more than the words."""
_SAYS = {"en": "The recording says:", "fr": "L'enregistrement dit :"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to ask the engine, and the agent that has to answer, if any."""

    query: str
    agent: str | None


async def asked_of(
    engine: Engine, root: Path, files: Sequence[Path], prompt: str | None, agent: str | None, locale: str
) -> Asked | Response:
    """What to ask about ``files``: without a ``prompt`` what is said in them, which is routed like any question; else
    the prompt, with what is said below it. Where the prompt wants it in writing, or ``agent`` is "speech", that is the
    answer. Raises ModelNotBuilt, UnreadableSound, also where nobody speaks, and as ``transcribe``."""
    require_built(root)
    started, heard = time.perf_counter(), await _heard(engine, files)
    text = "\n\n".join(transcript.text for transcript in heard)
    if agent == SPEECH or (agent is None and prompt is not None and wants_it_written(prompt)):
        return _written_down(text, heard, agent == SPEECH, (time.perf_counter() - started) * 1000)
    if prompt is None:
        return Asked(text, agent)
    query = f"{prompt}\n\n{_SAYS['fr' if locale.lower().startswith('fr') else 'en']}\n{text}"
    if agent is None and (await engine.router.route(query, locale)).agent == SPEECH:
        agent = engine.agents.ids[0]  # what is said is in the question: nobody has to hear any more
    return Asked(query, agent)


def wants_it_written(prompt: str) -> bool:
    """Whether ``prompt`` asks for the words of a recording, and nothing else of them."""
    return bool(_WRITTEN.search(prompt)) and not _MORE.search(prompt)


async def _heard(engine: Engine, files: Sequence[Path]) -> list[Transcript]:
    from orion_py.native.sounds import sound_of

    found = []
    async with ears_of(engine) as ears:
        for file in files:
            transcript = await transcribe(ears, sound_of(file))
            if not transcript.segments:
                raise UnreadableSound(f"Nobody speaks in {file.name}.")
            found.append(transcript)
    return found


def _written_down(text: str, heard: Sequence[Transcript], chosen: bool, took: float) -> Response:
    notes: dict[str, Any] = {"recordings": [as_json(transcript) for transcript in heard]}
    brief = Brief("", SamplingWishes(), 0, assistant_prefix=text, answered_by=WHISPER, notes=notes)
    router, reason = ("forced", "The user chose this agent.") if chosen else ("attachment", "A recording is attached.")
    decision = RoutingDecision(agent=SPEECH, router=router, reason=reason)
    return from_agent(SPEECH, decision, brief, 0, Timing({"transcribing": took}, took, took))
