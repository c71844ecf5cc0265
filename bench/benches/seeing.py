"""Measures whether ORION finds the objects and the subjects that reference implementations find, in real pictures.

The pictures are those of bench/seeing/pictures.py. Wanted: each of the reference's boxes at an intersection over union
of more than 0.9 with a score within 0.02, and the same likeliest subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.awaited import awaited
from bench.context import Context
from bench.figures import Contender, Outcome, Target
from bench.reading.accuracy import overlap
from bench.reading.prepare import environment
from bench.seeing.pictures import real_pictures
from bench.seeing.prepare import seen_there
from build_support import paths
from build_support.errors import StepFailed
from orion_py.cancellation import CancelToken
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.senses.scenes.classifier import classifier_input
from orion_py.senses.scenes.eyes import CLASSIFIER, UNSURE_SCORE

LEAST_OVERLAP, MOST_APART = 0.9, 0.02


def run(context: Context) -> Outcome:
    from orion_py.native.eyes import can_see

    if not can_see(paths.ROOT):
        raise StepFailed("The models that see aren't built.", "Make them with: python3 build.py models vision")
    pictures = real_pictures()
    context.settle(f"{len(pictures)} pictures")
    theirs = seen_there(environment(), pictures)
    ours = awaited(_seen(pictures))
    return compared(ours, theirs)


async def _seen(pictures: Mapping[str, NDArray[np.uint8]]) -> dict[str, Any]:
    """As ``seen_there``."""
    from orion_py.native.eyes import NativeSight, at_hand
    from orion_py.native.graph_model import opened_graphs

    folder = paths.ROOT / "public" / "models"
    manifest = parse_graph_manifest((folder / CLASSIFIER / "manifest.json").read_bytes())
    model = await opened_graphs(manifest, folder / "shards", 1)
    sight, found = NativeSight(paths.ROOT), {}
    for name, picture in pictures.items():
        scenes = await sight.look([at_hand(picture)], CancelToken())
        (report,) = scenes.reports
        objects = [
            [scenes.known.index(seen.name), seen.score, *seen.box] for seen in (*report.objects, *report.unsure_objects)
        ]
        chances = (await model.graph("classifier").run({"picture": classifier_input(picture)}))["chances"]
        found[name] = {"objects": objects, "shows": [int(chances.argmax()), float(chances.max())]}
    await sight.close()
    await model.close()
    return found


def compared(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Outcome:
    """What both found, box by box. Where the score is within ``MOST_APART`` of the least that is told, it may miss."""
    overlaps, apart, same = [], [], []
    notes = []
    for name, reference in theirs.items():
        same.append(float(ours[name]["shows"][0] == reference["shows"][0]))
        if not same[-1]:
            notes.append(f"{name}: subject {ours[name]['shows']} instead of {reference['shows']}")
        for kind, score, *box in reference["objects"]:
            if score < UNSURE_SCORE + MOST_APART:
                continue
            near = [(overlap(tuple(row[2:]), tuple(box)), row[1]) for row in ours[name]["objects"] if row[0] == kind]
            best, found = max(near, default=(0.0, 0.0))
            overlaps.append(best)
            apart.append(abs(found - score))
            if best <= LEAST_OVERLAP or apart[-1] > MOST_APART:
                notes.append(f"{name}: kind {kind}, overlap {best:.3f}, score {found:.3f} instead of {score:.3f}")
    contender = Contender("ORION", enough=1)
    for value in overlaps:
        contender.add("overlap with the reference's box", "IoU", value, 0.0)
    for value in apart:
        contender.add("difference of scores", "", value, 0.0)
    contender.facts["boxes of the reference"] = len(overlaps)
    found_again = mean(value > LEAST_OVERLAP for value in overlaps) if overlaps else 0.0
    targets = [
        Target(f"boxes at an IoU over {LEAST_OVERLAP}", found_again * 100, 100.0, True, "%", False),
        Target("largest difference of scores", max(apart, default=1.0), MOST_APART, False, "", False),
        Target("same likeliest subject", mean(same) * 100, 100.0, True, "%", False),
    ]
    return Outcome("seeing", [contender], targets, notes)
