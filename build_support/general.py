"""Names models from the hub, runs each once it is built, and writes the entry by which a site offers it.

models.json lists the ones that we know (``general``): hub id, commit, licence, and whether we ran it. Any other id of
the hub can be built too. The entry lies beside the manifest, as ``orion_py/registry/general.py`` reads it.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from build_support import paths, progress
from build_support.errors import StepFailed, UsageError
from build_support.hub import Listing, hub_id, pinned

if TYPE_CHECKING:
    from orion_py.manifest.manifest import Manifest
    from orion_py.registry.models import GeneralModel

PERMISSIVE = ("Apache-2.0", "MIT")
LARGE_BYTES = 700_000_000
"""In memory: what takes more comes only when the person asks for it."""
THREADS = 2
"""With which the registry's figures are measured (bench/benches/memory_bytes.py)."""
MB = 1_000_000
_ORIGIN = "hub.json"
"""Beside a manifest: where the model came from. It isn't served."""


def known() -> tuple[GeneralModel, ...]:
    """The general models that models.json names. Raises InvalidRegistry."""
    from orion_py.registry.load import parse_registry

    registry = paths.ROOT / "models.json"
    return parse_registry(registry.read_text("utf-8")).general if registry.is_file() else ()


def is_from_hub(name: str) -> bool:
    """Whether ``name`` is a model's on the hub: no other has a slash."""
    return "/" in name


def whole_name(name: str) -> str:
    """OWNER/NAME@REVISION for an id on the hub, or of models.json's list, which says the commit where ``name`` doesn't;
    "" for another name. Raises UsageError."""
    for model in known():
        if name in (model.id, model.hub):
            return f"{model.hub}@{model.revision}"
    return str(hub_id(name)) if is_from_hub(name) else ""


def model_id(name: str) -> str:
    """What the model ``name``, of the hub, is called here. Raises UsageError."""
    wanted = hub_id(name)
    for model in known():
        if model.hub == wanted.repository:
            return model.id
    found = f"{wanted.owner}--{wanted.name}".lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", found):
        raise UsageError(f"{wanted.repository} is too long a name.", "Build it with foundry optimize FOLDER --name ID.")
    return found


def built() -> list[str]:
    """The models from the hub that were built in this clone, by the names that built them."""
    names = []
    for path in sorted(paths.MODELS.glob(f"*/{_ORIGIN}")):
        try:
            origin = json.loads(path.read_text("utf-8"))
            names.append(str(hub_id(f"{origin['hub']}@{origin['revision']}")))
        except (OSError, ValueError, KeyError, TypeError, UsageError):
            continue
    return names


def commit_of(name: str) -> str | None:
    """The commit that was or is to be built as ``name``; None where it was never looked up. One that was built here is
    known even where the cache was emptied since."""
    wanted = hub_id(name)
    commit = pinned(wanted)
    if commit is not None:
        return commit
    try:
        origin = json.loads((paths.MODELS / model_id(name) / _ORIGIN).read_text("utf-8"))
        same = (origin["hub"], origin["revision"]) == (wanted.repository, wanted.revision)
        return str(origin["commit"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def offered(manifest: Path) -> bool:
    """Whether the entry of the model of ``manifest`` is there and can be read."""
    from orion_py.errors import InvalidRegistry
    from orion_py.registry.general import OFFER, read_offer

    try:
        return read_offer((manifest.parent / OFFER).read_bytes()).id == manifest.parent.name
    except (OSError, InvalidRegistry):
        return False


def offer(name: str, listing: Listing, manifest: Path) -> None:
    """Runs the model of ``manifest`` on our kernel: its golden vectors and its memory. Writes what a site is to say of
    it. Raises StepFailed where it computes something else than the reference does."""
    from orion_py.manifest.reading import parse_manifest
    from orion_py.registry.general import GENERAL, OFFER
    from orion_py.registry.models import ModelEntry, ModelSampling

    wanted = hub_id(name)
    parsed = parse_manifest(manifest.read_bytes())
    listed = next((model for model in known() if model.hub == wanted.repository), None)
    with progress.step(f"Running {parsed.model} once, to measure its memory"):
        memory, measured = _memory(parsed)
    entry = ModelEntry(
        id=parsed.model,
        title=listed.title if listed else wanted.name.replace("-", " "),
        manifest=f"models/{parsed.model}/manifest.json",
        tier="large" if memory > LARGE_BYTES else "full",
        family=parsed.architecture.family,
        licence=parsed.licence,
        download_bytes=sum(shard.size for shard in parsed.shards),
        memory_bytes=memory,
        languages=listed.languages if listed else listing.languages,
        capabilities=("chat", GENERAL),
        sampling=listed.sampling if listed else ModelSampling(),
    )
    (manifest.parent / OFFER).write_text(entry.model_dump_json(indent=1, exclude_none=True), "utf-8")
    origin = {
        "hub": wanted.repository,
        "revision": wanted.revision,
        "commit": listing.commit,
        "licence": parsed.licence,
        "memory_measured": measured,
    }
    (manifest.parent / _ORIGIN).write_text(json.dumps(origin, indent=1), "utf-8")
    if parsed.licence not in PERMISSIVE:
        progress.say(f"  Its licence is {parsed.licence}: read it before you use or publish the model.")
    said = "measured here" if measured else "an estimate"
    progress.say(
        f"  {entry.title} takes {memory / MB:.0f} MB of memory ({said}); agents for all but code prefer it: "
        "python3 build.py serve"
    )


def _memory(manifest: Manifest) -> tuple[int, bool]:
    """Bytes in memory with the registry's usual context, up to whole megabytes, and whether they were measured. Raises
    StepFailed."""
    from orion_py.errors import GoldenMismatch, OrionError
    from orion_py.memory.cache_width import kernel_bytes
    from orion_py.memory.needs import KV_TOKENS

    try:
        bytes_taken, measured = asyncio.run(_run(manifest, KV_TOKENS)), True
    except GoldenMismatch as error:
        raise StepFailed(f"The built model doesn't compute what it should: {error}") from error
    except OrionError as error:
        progress.say(f"  It can't be run on this machine, so its memory is an estimate: {error}")
        bytes_taken, measured = kernel_bytes(manifest, min(KV_TOKENS, manifest.architecture.context_length), 16), False
    return -(-bytes_taken // MB) * MB, measured


async def _run(manifest: Manifest, context: int) -> int:
    """The bytes that our kernel takes for the model, after its golden vectors. Raises OrionError."""
    from orion_py.errors import BackendUnavailable, GoldenMismatch
    from orion_py.manifest.kernel_variant import kernel_variant
    from orion_py.native.runtime import NativeRuntime
    from orion_py.opening.golden import divergence

    variant = kernel_variant(manifest)
    if variant is None:
        raise BackendUnavailable("our kernel doesn't compute such a model")
    session = await NativeRuntime(paths.MODELS / "shards").open(manifest, variant, THREADS, context)
    try:
        for shard in manifest.shards_for(variant):
            await session.feed(shard)
        report = await session.build()
        for golden in manifest.golden:
            off = divergence(golden, await session.forward(golden.tokens, 0))
            if not off <= variant.tolerance_kl:
                raise GoldenMismatch(f"golden vector {golden.name} is {off:.3g} nats off")
        return report.memory_bytes
    finally:
        await session.close()
