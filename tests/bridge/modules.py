"""The page's and the workers' modules and what they import, read from their sources."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
_IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.{1,2}/[^"']+)["']""")


def code(path: Path) -> str:
    """The text of ``path`` without its comments."""
    return _COMMENT.sub("", path.read_text("utf-8"))


def modules() -> Iterator[Path]:
    """Our JavaScript, as paths below web/."""
    for path in sorted(WEB.rglob("*.js")):
        yield path.relative_to(WEB)


def imports(module: Path) -> set[str]:
    """What ``module`` imports by a relative path, as paths below web/."""
    folder = module.parent.as_posix()
    return {posixpath.normpath(posixpath.join(folder, name)) for name in _IMPORT.findall(code(WEB / module))}
