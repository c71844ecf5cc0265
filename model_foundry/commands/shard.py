"""Runs ``foundry shard``: cuts weights into other shards, and lists the versions that share shards."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from model_foundry.building.sources import open_source
from model_foundry.building.versions import drop, prune, use, versions
from model_foundry.commands.building import add_layout, add_source, layout_of, run, with_layout
from model_foundry.errors import UnknownSource
from model_foundry.sharding.layout import LayersPerShard, Layout, ShardCount, ShardSize


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "shard",
        help="cut a model into other shards; list, choose and drop its versions",
        description="Shards hold weights in the order of the forward pass and are named by their content: what two "
        "versions have in common is stored and downloaded once.",
    )
    add_source(parser, optional=True)
    add_layout(parser)
    group = parser.add_argument_group("versions of the model SOURCE (its id)").add_mutually_exclusive_group()
    group.add_argument("--list", action="store_true", help="say which versions there are and what they share")
    group.add_argument("--use", metavar="VERSION", help="make a kept version the current one")
    group.add_argument("--drop", metavar="VERSION", help="forget a version that isn't the current one")
    group.add_argument("--prune", action="store_true", help="delete shards that no version of any model names")
    parser.set_defaults(command=_shard)


def _shard(options: argparse.Namespace) -> int:
    if options.prune:
        gone = prune(options.out)
        print(f"{len(gone)} shards that no version names are gone, {sum(gone.values()) / 1e6:.1f} MB")
        return 0
    if options.source is None:
        raise UnknownSource("say which model: a GGUF, a manifest, or the id of a built model")
    if options.list:
        return _list(options)
    if options.use:
        print(use(options.out, options.source, options.use))
        return 0
    if options.drop:
        drop(options.out, options.source, options.drop)
        print(f"{options.source} {options.drop} is forgotten; --prune deletes the shards that only it had")
        return 0
    job = open_source(options.source, options.recipe, options.out)
    layout = layout_of(options)
    if layout is not None:
        version = f"{job.recipe.version}-{_label(layout)}"
        job = replace(with_layout(job, layout), label=f"{job.label} {layout}")
        job = replace(job, recipe=job.recipe.model_copy(update={"version": version}))
    return run(job, options)


def _label(layout: Layout) -> str:
    """What tells a version with this layout apart by its name."""
    if isinstance(layout, ShardCount):
        return f"{layout.count}-shards"
    if isinstance(layout, ShardSize):
        return f"{layout.bytes}-bytes"
    assert isinstance(layout, LayersPerShard)
    return f"{layout.count}-layers"


def _list(options: argparse.Namespace) -> int:
    found = versions(options.out, options.source)
    if options.json:
        print(json.dumps([vars(version) for version in found]))
        return 0
    table = Table("Version", "Current", "MB", "Shared with the current, MB")
    for version in found:
        shared = f"{version.shared / 1e6:.1f}"
        table.add_row(version.version, "yes" if version.current else "", f"{version.size / 1e6:.1f}", shared)
    Console().print(table)
    return 0
