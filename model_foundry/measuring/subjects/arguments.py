"""Opens the subject that an argument of the command line names.

MODEL[@VARIANT]             a built model as browsers run it: on our kernel where that computes it, else its first
                            variant for WASM on native onnxruntime; or on the one that is named
browser:MODEL[@VARIANT]     the same in Chromium, through the page's own worker and bridge
reference:MODEL             the same weights in the plain numpy implementation: slow, for small samples
command:PROGRAM ARGUMENTS   a program that answers (see command.py)
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from model_foundry.errors import EvaluationFailed, NotBuilt
from model_foundry.measuring.fidelity import measurable
from model_foundry.measuring.subjects.base import Subject
from model_foundry.measuring.subjects.command import CommandSubject
from model_foundry.measuring.subjects.reference import ReferenceSubject
from model_foundry.measuring.subjects.session import SessionSubject
from model_foundry.reference.golden import BUILD_DAY
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.restore import load_manifest, restore
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.native.runtime import NativeRuntime
from orion_py.native.store import read_verified
from orion_py.native.tokenizer import NativeTokenizer

CONTEXT = 2048
ROOT = Path(__file__).parents[3]
BROWSER = ("-m", "bench.answers.chromium")


@dataclass(frozen=True)
class Place:
    """Where models and the site are, and how many threads to use."""

    models: Path
    site: Path
    threads: int = 2


async def open_subject(word: str, place: Place, like: str | None = None) -> Subject:
    """The subject that ``word`` names. A program gets the prompts of the model in ``like``, another such word.

    Raises NotBuilt, EvaluationFailed, and what loading raises.
    """
    kind, _, rest = word.partition(":")
    if kind == "command":
        if like is None or like.startswith("command:"):
            raise EvaluationFailed(
                "a program can be compared with a built model, whose prompts it gets; not with nothing"
            )
        manifest, tokenizer = _built(_model(like)[0], place)
        return CommandSubject(word, shlex.split(rest), tokenizer, manifest.eos_tokens)
    model, wanted = _model(word)
    manifest, tokenizer = _built(model, place)
    context = min(CONTEXT, manifest.architecture.context_length)
    identity = f"{model} {manifest.version}"
    if kind == "reference":
        reference = ReferenceModel(restore(manifest, place.models / "shards"))
        return ReferenceSubject(f"reference: {identity}", reference, tokenizer, manifest.eos_tokens, context)
    variant = _variant(manifest, wanted)
    if kind == "browser":
        if not (ROOT / "bench" / "answers" / "chromium.py").is_file():
            raise EvaluationFailed("the browser is driven from a checkout of the repository: bench/ isn't here")
        command = [
            sys.executable,
            *BROWSER,
            "--site",
            str(place.site.resolve()),
            "--models",
            str(place.models.resolve()),
        ]
        command += [
            "--model",
            model,
            "--variant",
            variant.model_dump_json(),
            "--threads",
            str(place.threads),
            "--context",
            str(context),
        ]
        return CommandSubject(f"browser: {identity} {variant.id}", command, tokenizer, manifest.eos_tokens, ROOT)
    session = await NativeRuntime(place.models / "shards").open(manifest, variant, place.threads, context)
    for shard in manifest.shards_for(variant):
        await session.feed(shard)
    await session.build()
    return SessionSubject(f"native: {identity} {variant.id}", session, tokenizer, manifest.eos_tokens, context)


def _model(word: str) -> tuple[str, str]:
    """The model and the variant, if one is named, of a word that isn't a program."""
    kind, colon, rest = word.partition(":")
    if colon and kind not in ("browser", "reference"):
        raise EvaluationFailed(f"{word} names nobody: it begins with browser:, reference: or command:, or is a model")
    model, _, variant = (rest if colon else word).partition("@")
    return model, variant


def _built(model: str, place: Place) -> tuple[Manifest, NativeTokenizer]:
    manifest = load_manifest(place.models, model)
    shard = read_verified(place.models / "shards", manifest.tokenizer)
    return manifest, NativeTokenizer(shard, now=lambda: BUILD_DAY)


def _variant(manifest: Manifest, wanted: str) -> Variant:
    known = measurable(manifest)
    for variant in known.values():
        if variant.id == wanted or (not wanted and variant.backend == "wasm"):
            return variant
    raise NotBuilt(f"{manifest.model} has no variant {wanted or 'for WASM'}; known are {', '.join(known)}")
