"""Writes down what an inference worker opens: a manifest's one variant, its threads and its context."""

from __future__ import annotations

import json

from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant


def spec_of(manifest: Manifest, variant: Variant, threads: int, context: int) -> str:
    """JSON, as ``ModelSpec`` in web/bridge/worker/inference/spec.js; ``context`` in tokens."""
    return json.dumps(
        {
            # A worker looks at the variant that it opens alone, and a derived one isn't in the manifest.
            "manifest": manifest.model_copy(update={"variants": (variant,), "golden": ()}).model_dump(mode="json"),
            "variant": variant.id,
            "threads": threads,
            "context": context,
        }
    )
