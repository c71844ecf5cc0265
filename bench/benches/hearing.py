"""Measures how many words of clips are heard wrong, and how long hearing takes.

The words are counted in CPython, of ORION's 8 bits and of faster-whisper in 32 on the same weights. The clips are
those of bench/hearing/clips.py: real readings, and sentences that a voice speaks, alone and with noise or music under
them, in French and English. Wanted: a word error rate within a point of the reference's, which takes the likeliest
token each time, as ORION does; its search with five beams is reported, too.

How long it takes is measured in Chromium, where people wait for it (bench/hearing/speed.py): with --peers beside
transformers.js on the same weights. So is how soon text comes while somebody speaks (bench/hearing/live.py).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Any

from bench.awaited import awaited
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from bench.hearing import live, prepare, speed
from bench.hearing.clips import Clip, clips
from bench.hearing.word_errors import rate
from build_support import paths
from build_support.errors import StepFailed
from orion_py.senses.hearing.resampling import RATE, Samples
from orion_py.senses.hearing.transcriber import VAD, WHISPER, Ears, transcribe

WITHIN = 1.0
"""Points of the word error rate by which ORION may be behind."""
THREADS = 2


def run(context: Context) -> Outcome:
    for folder in (paths.MODELS, context.site / "orion" / "models"):
        if not all((folder / name / "manifest.json").is_file() for name in (WHISPER, VAD)):
            raise StepFailed(
                "The models that hear aren't built.", "Make them with: python3 build.py build --models lite,speech"
            )
    python = prepare.environment()
    real, spoken = prepare.real(), prepare.spoken(python)
    made = list(clips(real, spoken))
    context.settle(f"{len(made)} clips")
    theirs = prepare.heard_there(python, made)
    outcome = compared(made, awaited(_heard(made)), theirs)
    peer = prepare.peer_model(context.site) if context.peers else None
    contenders, targets, notes = speed.measured(context, speed.long_clips(real, spoken), peer)
    spoke, failed = live.measured(context, live.spoken_clips(made))
    contenders += [spoke] if spoke.series else []
    notes = [*outcome.notes, *notes, *failed]
    return Outcome(outcome.bench, [*outcome.contenders, *contenders], [*outcome.targets, *targets], notes)


async def _heard(made: Sequence[Clip]) -> dict[str, Any]:
    """By clip: the text, its language and what it took in seconds."""
    from orion_py.manifest.graph_manifest import parse_graph_manifest
    from orion_py.native.graph_model import opened_graphs

    found: dict[str, Any] = {}
    async with AsyncExitStack() as stack:
        models = []
        for name in (WHISPER, VAD):
            manifest = parse_graph_manifest((paths.MODELS / name / "manifest.json").read_bytes())
            models.append(await opened_graphs(manifest, paths.MODELS / "shards", THREADS))
            stack.push_async_callback(models[-1].close)
        ears = await Ears.open(models[0], models[1], lambda: 0.5)
        for clip in made:
            started = time.perf_counter()
            transcript = await transcribe(ears, _blocks(clip.samples))
            seconds = time.perf_counter() - started
            found[clip.name] = {"greedy": transcript.text, "language": transcript.language, "seconds": seconds}
    return found


async def _blocks(samples: Samples) -> AsyncIterator[Samples]:
    for start in range(0, len(samples), RATE):
        yield samples[start : start + RATE]


def compared(made: Sequence[Clip], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Outcome:
    """The two hearings beside what was said, for each kind of clip and language."""
    contenders = []
    for name, found, key in (
        ("ORION, 8 bits", ours, "greedy"),
        ("faster-whisper, 32 bits", theirs, "greedy"),
        ("faster-whisper, 32 bits, five beams", theirs, "beams"),
    ):
        contender = Contender(name, enough=1)
        contender.add("word error rate", "%", _rate(made, found, key), 0.0)
        if key == "greedy":
            share = median(found[clip.name]["seconds"] / (len(clip.samples) / RATE) for clip in made)
            contender.facts["time a second of sound, median"] = round(share, 3)
            wrong = [clip.name for clip in made if found[clip.name]["language"] != clip.language]
            contender.facts["languages taken for another"] = wrong
        for group in sorted({_group(clip) for clip in made}):
            part = [clip for clip in made if _group(clip) == group]
            contender.facts[f"word error rate, {group}, {len(part)} clips, %"] = round(_rate(part, found, key), 2)
        contenders.append(contender)
    behind = _rate(made, ours, "greedy") - _rate(made, theirs, "greedy")
    return Outcome(
        "hearing", contenders, [Target("words, points behind 32 bits", behind, WITHIN, False, "points", False)]
    )


def _group(clip: Clip) -> str:
    return f"{clip.name.partition('-')[0]} {clip.language}"


def _rate(made: Sequence[Clip], found: Mapping[str, Any], key: str) -> float:
    """In percent."""
    return 100 * rate([(clip.said, found[clip.name][key]) for clip in made])
