"""The benchmarks' pages find the modules of the site that they measure: CI runs none of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from build_support.paths import ROOT

PAGES = sorted((ROOT / "bench" / "pages").rglob("*.js"))
_STATIC = re.compile(r'from "(?:\.\./)+orion/([^"]+)"')
_NAMED = re.compile(r'\[("[^\]]+")\]\.map\(\(name\) => import\(new URL\(`([^`]*)\$\{name\}([^`]*)`')


def wanted(text: str) -> list[str]:
    named = [(name, *around) for names, *around in _NAMED.findall(text) for name in re.findall(r'"([^"]+)"', names)]
    return _STATIC.findall(text) + [f"{before}{name}{after}" for name, before, after in named]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_a_page_imports_of_the_site_is_there(page: Path) -> None:
    assert [path for path in wanted(page.read_text("utf-8")) if not (ROOT / "web" / path).is_file()] == []


def test_the_pages_import_what_the_site_keeps_for_its_own_workers() -> None:
    found = {path for page in PAGES for path in wanted(page.read_text("utf-8"))}
    assert {"bridge/worker/inference/client.js", "bridge/worker/storage/shards.js"} <= found
