"""Joins the modules of the page and of its workers, and the page's styles: a start asks for few files.

Each file is a request to the service worker, which takes time of both cores while Python and the model start. The
sources stay as they are: they are served too, at their own addresses, and run just as well (the page's tests run them).
joined.mjs says what joining changes in modules.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from build_support import paths
from build_support.errors import BuildError
from build_support.node import Node
from build_support.processes import run
from build_support.stamps import Stamp, digest

SCRIPT = Path(__file__).with_name("joined.mjs")
OUT = paths.WORK / "joined"
ENTRIES = (
    "app.js",
    "bridge/page/charts.js",
    "bridge/page/markdown.js",
    "bridge/page/microphone-worklet.js",
    "bridge/worker/engine/texts.js",
    "workers/engine.js",
    "workers/inference.js",
    "workers/kernel-thread.js",
    "workers/pictures.js",
    "workers/snapshot.js",
)
"""What is loaded by its address, and what imports something from vendor/ that isn't wanted at once."""
SOURCES = ("app.js", "bridge/", "sandbox/", "workers/", "workshop/")
INDEX = "index.html"
STYLES = "styles/page.css"

_LINKS = re.compile(rb'(?: *<link rel="stylesheet" href="[^"]+">\n)+')
_HREF = re.compile(rb'href="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Joined:
    """``files``: what to serve, by URL. ``parts``: what no start asks for any more, since it is in one of them."""

    files: dict[str, Path | bytes]
    parts: frozenset[str]


def build(node: Node, plan: Mapping[str, Path | bytes]) -> Joined:
    """Joins what ``plan`` has of the site (its content by URL). Raises BuildError where it can't be joined."""
    modules, styles = _modules(node, plan), _styles(plan)
    return Joined(modules.files | styles.files, modules.parts | styles.parts)


def _styles(plan: Mapping[str, Path | bytes]) -> Joined:
    """The page's stylesheets in one, in their order. They name no other file, so it may lie elsewhere."""
    index = _read(plan[INDEX]) if INDEX in plan else b""
    linked = _LINKS.search(index)
    if linked is None:
        return Joined({}, frozenset())
    names = [name.decode() for name in _HREF.findall(linked[0])]
    texts = [_read(plan[name]) for name in names]
    for name, text in zip(names, texts, strict=True):
        if b"url(" in text or b"@import" in text:
            raise BuildError(f"{name} names another file.", f"{STYLES} would look for it elsewhere: do without.")
    one = b'  <link rel="stylesheet" href="%b">\n' % STYLES.encode()
    page = index[: linked.start()] + one + index[linked.end() :]
    return Joined({INDEX: page, STYLES: b"".join(texts)}, frozenset(names))


def _read(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _modules(node: Node, plan: Mapping[str, Path | bytes]) -> Joined:
    sources = {url: content for url, content in plan.items() if url.startswith(SOURCES) and url.endswith(".js")}
    entries = [entry for entry in ENTRIES if entry in sources]
    if not entries:
        return Joined({}, frozenset())
    texts = {url: _read(content) for url, content in sources.items()}
    listed = (text for url in sorted(texts) for text in (url, texts[url].decode()))
    key = digest([SCRIPT, paths.ROOT / "package-lock.json"], *entries, *listed)
    made, stamp, record = OUT / "made", Stamp(OUT / "stamp"), OUT / "inputs.json"
    files: dict[str, Path | bytes] = {entry: made / entry for entry in entries}
    if not stamp.fresh(key, [record, *(made / entry for entry in entries)]):
        stamp.forget()
        shutil.rmtree(OUT, ignore_errors=True)
        for url, text in texts.items():
            staged = OUT / "sources" / url
            staged.parent.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(text)
        what = "The modules of web/ can't be joined"
        printed = run([node.program, SCRIPT, OUT / "sources", made, *entries], what=what)
        record.write_text(printed.strip().rpartition("\n")[2])
        stamp.write(key)
    try:
        inputs: dict[str, list[str]] = json.loads(record.read_text())
    except ValueError as error:
        stamp.forget()
        raise BuildError(f"{SCRIPT.name} printed no list: {error}.", "Run the command again.") from error
    within = {module for modules in inputs.values() for module in modules}
    return Joined(files, frozenset(within - set(entries)))
