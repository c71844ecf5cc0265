"""Puts index.html together: its parts, and what the build draws into it.

``<!-- part NAME -->`` on a line of its own stands for ``web/parts/NAME.html``. The parts aren't served: the page is one
file, readable before any script runs.
"""

from __future__ import annotations

import re
from pathlib import Path

from build_support import page_settings
from build_support.errors import BuildError

FOLDER = "parts/"
_PART = re.compile(r"^ *<!-- part ([a-z-]+) -->\n", re.MULTILINE)


def whole(web: Path) -> str:
    """index.html of ``web`` with its parts, in English. Raises BuildError for a part that isn't there."""

    def part(named: re.Match[str]) -> str:
        path = web / FOLDER / f"{named[1]}.html"
        if not path.is_file():
            raise BuildError(f"index.html wants the part {named[1]!r}.", f"Add {path}.")
        return path.read_text("utf-8")

    return page_settings.drawn(_PART.sub(part, (web / "index.html").read_text("utf-8")))
