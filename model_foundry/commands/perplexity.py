"""Runs ``foundry perplexity``: measures models on held-out texts. ``merge-study`` shares its options and its table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from model_foundry.commands.folder_arguments import named_folders
from model_foundry.measuring.texts import NAMES


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("perplexity", help="perplexity of models on the held-out part of folders of text")
    parser.add_argument("models", nargs="+", metavar="NAME=FOLDER", help="Hugging Face folders with one tokenizer")
    add_texts(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(command=_perplexity)


def add_texts(parser: argparse.ArgumentParser) -> None:
    """What is measured on, and how much of it."""
    parser.add_argument("--corpus", action="append", default=[], metavar="NAME=FOLDER", help="may be repeated")
    parser.add_argument("--text", action="append", choices=NAMES, default=[], help="one of the foundry's own texts")
    parser.add_argument("--own-texts", action="store_true", help="all of these")
    parser.add_argument("--sequences", type=int, default=24, help="sequences of each text")
    parser.add_argument("--length", type=int, default=256, help="tokens a sequence")
    parser.add_argument("--threads", type=int, default=2)


def own_texts(options: argparse.Namespace) -> tuple[str, ...]:
    """Names of those that ``add_texts``' options ask for."""
    return NAMES if options.own_texts else tuple(options.text)


def _perplexity(options: argparse.Namespace) -> int:
    import json

    from model_foundry.measuring.perplexity import measure
    from model_foundry.progress import ProgressBars

    models, corpora = named_folders(options.models), named_folders(options.corpus)
    with ProgressBars() as bars:
        found = measure(
            models, corpora, own_texts(options), options.sequences, options.length, options.threads, bars.report
        )
    if options.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


def show(found: Mapping[str, Mapping[str, float]], kept: Mapping[str, Mapping[str, float]] | None = None) -> None:
    """A table of perplexities, each beside the first model's; ``kept`` are shares by model and specialised model."""
    from rich.console import Console
    from rich.table import Table

    first = next(iter(found.values()))
    gains = list(dict.fromkeys(name for shares in (kept or {}).values() for name in shares))
    table = Table("Model", *first, *(f"{name} kept" for name in gains))
    for model, row in found.items():
        shares = (kept or {}).get(model, {})
        table.add_row(
            model,
            *(f"{row[text]:.2f} ({row[text] / first[text] - 1:+.1%})" for text in first),
            *(f"{shares[name]:.0%}" if name in shares else "" for name in gains),
        )
    Console().print(table)
