"""Says what is in pictures (``orion see``): the text as it is read, objects, subject, colours, codes."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orion_py.cancellation import CancelToken
from orion_py.errors import LoadError, OrionError
from orion_py.faults import reason

if TYPE_CHECKING:
    from orion_py.native.eyes import NativeSight


def add_see(commands: Any) -> None:
    """Adds the command to ``commands``, argparse's subparsers."""
    see = commands.add_parser(
        "see",
        help="what is in pictures: text, objects, colours, codes",
        description="Reads the text of pictures and says what they show. Needs python3 build.py models vision.",
    )
    see.add_argument("files", nargs="+", type=Path, metavar="FILE", help="PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF")
    see.add_argument("--json", action="store_true", help="a JSON object per picture, a line each")
    see.add_argument("--lang", choices=("en", "fr"), default="en", help="of names and sentences (default: en)")
    see.set_defaults(run=_see)


def _see(options: argparse.Namespace) -> int:
    return asyncio.run(_all(options))


async def _all(options: argparse.Namespace) -> int:
    """1 where a picture can't be used; the others are told all the same."""
    from orion_py.native.eyes import NativeSight

    sight = NativeSight(options.root)
    failed = 0
    for path in options.files:
        try:
            await _one(sight, path, options)
        except LoadError:
            raise  # that fails for each of them
        except (OrionError, OSError) as error:
            failed = 1
            hint = f" {error.hint}" if isinstance(error, OrionError) and error.hint else ""
            why = error.message if isinstance(error, OrionError) else reason(error)
            if options.json:
                code = error.code if isinstance(error, OrionError) else "unreadable_image"
                print(json.dumps({"file": str(path), "error": {"code": code, "message": why}}, ensure_ascii=False))
            print(f"orion: {why}{hint}", file=sys.stderr)
    await sight.close()
    return failed


async def _one(sight: NativeSight, path: Path, options: argparse.Namespace) -> None:
    from orion_py.native.eyes import at_hand
    from orion_py.native.images import read_image
    from orion_py.senses.scenes.report import as_data, described

    (report,) = (await sight.look([at_hand(read_image(path))], CancelToken())).reports
    if options.json:
        print(json.dumps({"file": str(path), **as_data(report, options.lang)}, ensure_ascii=False))
        return
    if len(options.files) > 1:
        print(f"== {path}")
    if report.text:
        print(f"{report.text}\n")
    print(described(report, options.lang))
