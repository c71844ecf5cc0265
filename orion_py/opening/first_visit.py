"""Plans what a browser may begin with on a first visit, before its Python is up: the site's build writes it down.

It is what the engine itself would open first on a device of the class ``DEVICE_CLASS`` whose person has changed no
setting. The page's bridge (web/bridge/worker/engine/first-visit.js) begins with nothing else, and with nothing at all
where a condition of the plan doesn't hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from orion_py.config import LOW_END_MEMORY_GB, preset
from orion_py.manifest.reading import parse_manifest
from orion_py.memory.budget import MB
from orion_py.memory.needs import memory_needed
from orion_py.opening.backend_checks import BackendChecks
from orion_py.opening.ladder import ladder
from orion_py.opening.version_source import shards_base
from orion_py.registry.models import Registry
from orion_py.runtime.base import Device
from orion_py.runtime.spec import spec_of
from orion_py.storage.memory_settings import MemorySettings

DEVICE_CLASS = "production"
"""``preset_for`` gives it to every device with more than ``LOW_END_MEMORY_GB`` and more than one thread."""
_DEVICE = Device(threads=2, webgpu=False, kernel="relaxed-threads")
"""Any with our kernel: nothing is known of its GPU yet, and no build of the kernel failed there."""


async def first_visit(registry: Registry, text_of: Callable[[str], str | None]) -> str | None:
    """The plan as JSON, ``FirstVisit`` in web/bridge/worker/engine/first-visit.js; ``text_of`` gives a manifest's text
    by its path. None where the engine has to decide: about another than a small model on our own kernel, or a manifest
    that isn't written out as the engine hands it on. Raises InvalidManifest."""
    entry = registry.recommended(DEVICE_CLASS)
    text = None if entry is None else text_of(entry.manifest)
    if entry is None or text is None or entry.tier != "lite" or entry.device_memory_gb is not None:
        return None
    manifest, config = parse_manifest(text), preset(DEVICE_CLASS)
    rungs = await ladder(manifest, _DEVICE, config, BackendChecks(MemorySettings(), _DEVICE))
    if not rungs or rungs[0].variant.engine != "kernel":
        return None
    variant = rungs[0].variant
    context = min(manifest.architecture.context_length, config.context_tokens)
    spec = json.loads(spec_of(manifest, variant, _DEVICE.threads, context))
    written = json.loads(text) | {"variants": spec["manifest"]["variants"], "golden": []}
    needed = memory_needed(entry, manifest, variant, context)
    if spec["manifest"] != written or needed > config.max_memory_mb * MB:
        return None
    plan = {
        "device_class": DEVICE_CLASS,
        "more_than_memory_gb": LOW_END_MEMORY_GB,
        "model": manifest.model,
        "manifest": entry.manifest,
        "manifest_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "base": shards_base(entry),
        "shards": [shard.sha256 for shard in manifest.shards_for(variant)],
        "variant": spec["manifest"]["variants"][0],
        "context": context,
        "memory_bytes": needed,
    }
    return json.dumps(plan)
