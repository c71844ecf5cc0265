"""Writes the model card beside a manifest: what the model is, its source, how it was made, how good it is."""

from __future__ import annotations

from collections.abc import Iterable

from model_foundry.measuring.fidelity import PREFILLED, Report
from model_foundry.measuring.quality import WEIGHTS
from model_foundry.sharding.shard_matrices import precision
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.shards import Shard


def model_card(manifest: Manifest, quality: Iterable[Report]) -> str:
    """Markdown. Its figures are the manifest's and ``quality``'s; what wasn't measured isn't claimed."""
    reports = list(quality)
    sections = [
        _facts(manifest),
        _recipe(manifest),
        _shards(manifest),
        _variants(manifest),
        _quality(reports),
        _golden(manifest),
    ]
    return f"# {manifest.model} {manifest.version}\n\n" + "\n".join(sections)


def _facts(manifest: Manifest) -> str:
    source, a = manifest.source, manifest.architecture
    rows = [
        ("Licence", manifest.licence),
        ("Source", f"{source.name}, {source.file}"),
        ("Revision", source.revision or "not said"),
        ("SHA-256 of the source", f"`{source.sha256}`"),
        *([("Published at", source.url)] if source.url else []),
        ("Architecture", f"{a.family}, {a.layers} layers of {a.hidden_size}, {a.heads} heads ({a.kv_heads} for keys)"),
        ("Vocabulary", f"{a.vocab_size} tokens" + (", the table is the head too" if a.tied_embeddings else "")),
        ("Context", f"{a.context_length} tokens"),
        ("Precision on the wire", precision(manifest.shards)),
    ]
    return _table(("Fact", ""), rows)


def _recipe(manifest: Manifest) -> str:
    recipe = manifest.recipe
    rows = [("Procedure", recipe.name), ("Tool", recipe.tool), ("Seed", str(manifest.seed))]
    rows += [(name.replace("_", " "), str(value)) for name, value in recipe.options.items()]
    return "## How it was made\n\n" + _table(("Choice", ""), rows)


def _shards(manifest: Manifest) -> str:
    rows = [(_part(shard), f"{shard.size / 1e6:.2f}", f"`{shard.sha256}`") for shard in manifest.shards]
    total = sum(shard.size for shard in manifest.shards)
    weights = sum(shard.size for shard in manifest.shards if shard.tensors)
    rows.append((f"**All; weights alone {weights / 1e6:.2f}**", f"**{total / 1e6:.2f}**", ""))
    narrow = sorted({t.name.rpartition(".q")[2] for s in manifest.shards for t in s.tensors if t.name[-3:-1] == ".q"})
    note = (
        "\nWeights of fewer than 4 bits are packed so on the wire and expanded on the device: the download is"
        " smaller, the memory in use isn't.\n"
        if any(bits in ("2", "3") for bits in narrow)
        else ""
    )
    return "## Shards\n\n" + _table(("Part", "MB", "SHA-256"), rows) + note


def _part(shard: Shard) -> str:
    if shard.layers is None:
        return shard.role
    return f"{shard.role} {shard.layers[0]} to {shard.layers[1] - 1}"


def _variants(manifest: Manifest) -> str:
    rows = [
        (variant.id, variant.backend, "yes" if variant.exact else "no", f"{variant.tolerance_kl}")
        for variant in manifest.variants
    ]
    return "## Variants\n\n" + _table(
        ("Variant", "Backend", "Computes with the stored weights", "Tolerance (KL)"), rows
    )


def _quality(reports: list[Report]) -> str:
    title = "## Quality\n\n"
    if not reports:
        return title + "Not measured in this build.\n"
    rows = []
    for report in reports:
        for part in (*report.texts, report.total):
            rows.append(
                (
                    report.variant,
                    part.text,
                    str(part.steps),
                    f"{part.reference_perplexity:.3f}",
                    f"{part.perplexity:.3f}",
                    *part.cells,
                )
            )
    header = ("Of", "Text", "Steps", "Original's perplexity", "Perplexity", "Loss", "Top-1 agreement", "Mean KL")
    note = (
        f"Beside the original on the same tokens, the first {PREFILLED} of each text not counted. ± is the "
        "standard error. "
        f"*{WEIGHTS.capitalize()}*: the stored weights in the numpy reference; a variant: natively, by our kernel or "
        "onnxruntime.\n\n"
    )
    return title + note + _table(header, rows)


def _golden(manifest: Manifest) -> str:
    rows = [
        (golden.name, str(len(golden.tokens)), str(golden.top[0][0]), " ".join(str(t) for t in golden.continuation))
        for golden in manifest.golden
    ]
    header = ("Vector", "Tokens in", "First token out", "Greedy continuation")
    text = "## Golden vectors\n\nThe reference's logits. A device must reproduce them before its answers are used.\n\n"
    return text + _table(header, rows)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
