"""Builds a tiny model that sees, and computes with it as an engine does, without one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_foundry.building.pipeline import build
from model_foundry.commands.folder import folder_job
from orion_py.cancellation import CancelToken
from orion_py.external.bare_tokenizer import read_tokenizer
from orion_py.generation.prompt import build_prompt
from orion_py.manifest.graph_manifest import parse_graph_manifest
from orion_py.manifest.manifest import Manifest
from orion_py.native.graph_model import opened_graphs
from orion_py.native.kernel_runner import KernelRunner
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.runtime.segments import Embeddings, Marked, Segment, calls_of, part_of
from orion_py.runtime.tokenizer import Tokenizer
from orion_py.senses.sight.encoder import encoded
from tests.model_foundry.seeing.folder import picture

CONTEXT = 512


def options(folder: Path, **changes: Any) -> argparse.Namespace:
    """As the command line has them."""
    fields = {"source": str(folder), "context": CONTEXT, "name": "seer", "licence": "Apache-2.0"}
    return argparse.Namespace(**{**fields, "model_version": "1.0.0", "revision": "", **changes})


def built_from(folder: Path, models: Path) -> Manifest:
    return build(folder_job(options(folder), exact=False), models, lambda what, done, total: None).manifest


async def taken_in(models: Path, manifest: Manifest, name: str) -> Marked:
    assert manifest.sight is not None
    text = (models / manifest.sight.encoder / "manifest.json").read_bytes()
    encoder = await opened_graphs(parse_graph_manifest(text), models / "shards", 1)
    try:
        return await encoded(encoder, manifest.sight, picture(name), CONTEXT, CancelToken())
    finally:
        await encoder.close()


def rows_of(shown: Marked) -> NDArray[np.float32]:
    return np.concatenate([part.rows for part in shown.parts if isinstance(part, Embeddings)])


def prompt_of(models: Path, manifest: Manifest, shown: Marked, question: str) -> tuple[Tokenizer, list[Segment]]:
    tokenizer = read_tokenizer(NativeTokenizer, manifest, (models / "shards" / manifest.tokenizer).read_bytes())
    return tokenizer, build_prompt(tokenizer, "", [], question, CONTEXT, 16, embedded=[shown]).segments


def opened(models: Path, manifest: Manifest) -> KernelRunner:
    runner = KernelRunner(manifest, threads=1, context=CONTEXT, plain=True)
    for shard in manifest.shards:
        runner.feed(shard, (models / "shards" / shard.sha256).read_bytes())
    runner.build()
    return runner


def read(runner: KernelRunner, prompt: list[Segment], chunk: int = 128) -> NDArray[np.float32]:
    """The logits after ``prompt``, read in parts of at most ``chunk`` places."""
    at = 0
    for call in calls_of(prompt):
        for start in range(0, len(call), chunk):
            part = part_of(call, start, start + chunk)
            logits = runner.prefill(part, at)
            at += len(part)
    return np.asarray(logits)
