"""Builds dist/, the static site, and keeps it up to date file by file.

    index.html, app.js, sw.js, ui/, styles/, …   from web/; modules that are loaded by their address are joined with
                                                 what they import (joined.py)
    kernel/…                                     our own kernel's builds, from kernel/built/
    vendor/…                                     from npm packages, see vendor.py
    vendor/python/…                              see python_bundle.py
    ui/compiled.bin, ui/later.bin                see page_python.py
    models.json, models/…                        the registry, the models asked for
    models/first-visit.json                      what a first visit begins with (orion_py/opening/first_visit.py)
    precache.json                                {"version", "files": [{"url", "part", "size", "sha256"}, …], "later"}

precache.json lists the shell: everything but the models and the service worker itself; ``later`` is what is kept
on first use, such as the sources of what is compiled or joined. The service worker brings the files in this order,
part by part: what the engine's Python boots from (0), what its first model wants and arrives while Python boots
(1), the rest (2). Its version is a hash over the list, but for the registry, and replaces ``__ORION_VERSION__`` in
sw.js, so a changed file makes a changed service worker. Every URL is relative: the site works at any path.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import posixpath
import re
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from build_support import cell_packages, joined, models, page_python, paths, python_bundle, vendor
from build_support.errors import BuildError
from build_support.node import Node
from build_support.stamps import tree

VERSION_TOKEN = b"__ORION_VERSION__"
ORIGINS_TOKEN = b"__ORION_ORIGINS__"
_OWN_ORIGIN = b"connect-src 'self'"
REGISTRY = "models.json"
FIRST_VISIT = "models/first-visit.json"
KERNEL = "kernel/"
Content = Path | bytes
TEXT = (".html", ".js", ".mjs", ".css", ".webmanifest", ".py")

_IMPORT = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.{1,2}/[^"']+)["']""")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

_ABSOLUTE = re.compile(
    r"""(?:\b(?:src|href|action)\s*=\s*["']|url\(\s*["']?|\bfrom\s+["']|\bimport\s*\(?\s*["']|\bfetch\(\s*["']"""
    r"""|"(?:start_url|scope|id|src)"\s*:\s*"|\bnew\s+(?:Shared)?Worker\(\s*["']|\.register\(\s*["'])/[^"')\s]*"""
)


def build(node: Node, manifests: Iterable[Path], origins: Sequence[str] = ()) -> Path:
    """Brings dist/ up to date with the models of ``manifests``; returns its path. ``origins``: where, beside
    its own address, the page may fetch models that a person adds."""
    plan = _plan(node, manifests, origins)
    faults = absolute_urls({url: content for url, content in plan.items() if not url.startswith("vendor/")})
    if faults:
        raise BuildError(f"URLs must be relative: {'; '.join(faults)}.", "Write them without the leading slash.")
    lost = broken_imports(plan)
    if lost:
        raise BuildError(f"Modules import what isn't there: {'; '.join(lost)}.", "Correct the paths in web/.")
    wanted = set(plan)
    for path in tree(paths.DIST) if paths.DIST.exists() else []:
        if path.relative_to(paths.DIST).as_posix() not in wanted:
            path.unlink()
            _without_empty(path.parent)
    for url, content in plan.items():
        _put(paths.DIST / url, content, link=url.startswith("models/"))
    return paths.DIST


def _without_empty(folder: Path) -> None:
    """Removes ``folder`` below dist/ if nothing is in it any more, and what held only it: a file may come there."""
    while folder != paths.DIST and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def absolute_urls(files: dict[str, Content]) -> list[str]:
    """Places in the texts among ``files`` with a URL that starts at the host's root."""
    found = []
    for url, content in files.items():
        if not url.endswith(TEXT):
            continue
        text = _read(content).decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = _ABSOLUTE.search(line)
            if match:
                found.append(f"{url}:{number} has {match[0]!r}")
    return found


def broken_imports(files: dict[str, Content]) -> list[str]:
    """Relative imports in our own JavaScript that lead to none of ``files``."""
    found = []
    for url, content in files.items():
        if url.startswith("vendor/") or not url.endswith((".js", ".mjs")):
            continue
        text = _COMMENT.sub("", _read(content).decode(errors="replace"))
        for name in _IMPORT.findall(text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(url), name))
            if target not in files:
                found.append(f"{url} imports {name}")
    return found


def precache(plan: dict[str, Content], parts: Collection[str] = ()) -> dict[str, object]:
    """The content of precache.json for the files of ``plan``. ``parts``: what is in a joined file, too."""
    kept = [url for url in plan if not url.startswith("models/") and url not in ("sw.js", "precache.json")]
    urls = sorted(kept, key=lambda url: (_part(url), url))
    made = [name for name in (page_python.NAME, page_python.LATER) if name in plan]
    lazy = (*vendor.LAZY, *(f"ui/{file}" for name in made for file in page_python.listed(_read(plan[name]))))
    seldom = {url for url in urls if url.startswith(lazy) or url in parts}
    files = [_listed(url, _read(plan[url])) for url in urls if url not in seldom]
    later = [_listed(url, _read(plan[url])) for url in urls if url in seldom]
    worker = _read(plan["sw.js"]) if "sw.js" in plan else b""
    # The registry has no say in the version: the service worker asks for the newest at each visit, and a model
    # that was made later is no new version of the page.
    listed = json.dumps([[file for file in files if file["url"] != REGISTRY], later]).encode()
    return {"version": hashlib.sha256(listed + worker).hexdigest()[:16], "files": files, "later": later}


def _listed(url: str, data: bytes) -> dict[str, object]:
    return {"url": url, "part": _part(url), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _part(url: str) -> int:
    """When a file of the shell is to come. The page's own files come last: it has fetched them itself by then."""
    return 0 if url.startswith(vendor.BOOT) else 1 if url.startswith(KERNEL) else 2


def with_origins(files: dict[str, Content], origins: Sequence[str]) -> dict[str, Content]:
    """What of ``files`` changes where the page may fetch from ``origins`` too: its policy, the service
    worker's, and the engine's own list."""
    if not origins:
        return {}
    listed = " ".join(origins).encode()
    wanted = {"index.html": _OWN_ORIGIN, "sw.js": _OWN_ORIGIN, "bridge/worker/engine/origins.js": ORIGINS_TOKEN}
    made: dict[str, Content] = {}
    for url, token in wanted.items():
        text = _read(files[url])
        if text.count(token) != 1:
            raise BuildError(f"{url} should hold {token.decode()!r} once.", "Correct it, or this list.")
        made[url] = text.replace(token, token + b" " + listed if token == _OWN_ORIGIN else listed)
    return made


def _plan(node: Node, manifests: Iterable[Path], origins: Sequence[str]) -> dict[str, Content]:
    """What dist/ holds: the content of each relative URL."""
    plan: dict[str, Content] = {}
    for path in tree(paths.WEB) if paths.WEB.exists() else []:
        url = path.relative_to(paths.WEB).as_posix()
        if path.suffix != ".ts" and page_python.is_served(url):
            plan[url] = path
    plan |= page_python.files()
    plan |= with_origins(plan, origins)
    whole = joined.build(node, plan)
    plan |= whole.files
    for vendored in vendor.files():
        plan[f"vendor/{vendored.target}"] = vendor.content(vendored)
    for build in sorted(paths.KERNEL_BUILDS.glob("*.wasm")):
        plan[KERNEL + build.name] = build
    plan["vendor/LICENSES.txt"] = vendor.licences().encode()
    for bundle in python_bundle.build(node):
        plan[f"vendor/python/{bundle.name}"] = bundle
    plan |= cell_packages.files(node)
    manifests = list(manifests)
    for manifest in manifests:
        for name, path in models.files(manifest).items():
            plan[f"models/{name}"] = path
    registry = paths.ROOT / REGISTRY
    if registry.exists():
        from orion_py.registry.built import only_built  # in the virtual environment only
        from orion_py.registry.general import OFFER, read_offer, with_general

        offers = [manifest.parent / OFFER for manifest in manifests]
        brought = [read_offer(path.read_bytes()) for path in offers if path.is_file()]
        listed = with_general(registry.read_text("utf-8"), brought)
        plan[REGISTRY] = only_built(listed, lambda name: name in plan).encode()
        plan |= _first_visit(plan)
    listing = precache(plan, whole.parts)
    plan["precache.json"] = (json.dumps(listing, indent=1) + "\n").encode()
    if "sw.js" in plan:
        plan["sw.js"] = _read(plan["sw.js"]).replace(VERSION_TOKEN, str(listing["version"]).encode())
    return plan


def _first_visit(plan: dict[str, Content]) -> dict[str, Content]:
    from orion_py.opening.first_visit import first_visit
    from orion_py.registry.load import parse_registry

    def text_of(path: str) -> str | None:
        return _read(plan[path]).decode() if path in plan else None

    found = asyncio.run(first_visit(parse_registry(_read(plan[REGISTRY]).decode()), text_of))
    return {} if found is None else {FIRST_VISIT: found.encode()}


def _read(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _put(target: Path, content: Content, *, link: bool) -> None:
    """Makes ``target`` hold ``content``, if it doesn't already; models are linked and not copied."""
    if isinstance(content, bytes):
        if target.is_file() and target.stat().st_size == len(content) and target.read_bytes() == content:
            return
    elif target.is_file():
        here, there = target.stat(), content.stat()
        if (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    if isinstance(content, bytes):
        partial.write_bytes(content)
    elif link:
        try:
            os.link(content, partial)
        except OSError:  # another file system
            shutil.copy2(content, partial)
    else:
        shutil.copy2(content, partial)
    os.replace(partial, target)
