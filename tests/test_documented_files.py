"""Every file, folder and heading that README, CONTRIBUTING and docs/ name exists.

Files move, and the pages that name them are read by whoever comes first. Inline code that looks like a file or folder
of this repository is looked up among its files, links are followed, and so is the part of a page that a link names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from orion_py.protocol import REQUESTS
from tests.git_files import git_files

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
SOURCE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:py|js|mjs|d\.ts|c|h|css|html)")
"""A file of ours wherever it is named, also without its folder."""
ANY_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.\w+")
"""A file of any kind, where its folder is named, too."""
FOLDER = re.compile(r"[\w.-]+(?:/[\w.-]+)*/")
MADE = ("public/models/", "vendor/", "dist/", ".build/", "models/", "node_modules/", ".venv/")
"""Folders that a build fills, here or on a site."""
NOT_OURS = {"transformers.js"}
"""Names of other projects that look like files."""


@cache
def files() -> frozenset[str]:
    """Paths from the root, of what git has or would take."""
    listed = git_files()
    if listed is None:
        pytest.skip("not a git checkout")
    return frozenset(listed)


@cache
def folders() -> frozenset[str]:
    return frozenset(f"{parent}/" for name in files() for parent in Path(name).parents if str(parent) != ".")


def exists(name: str) -> bool:
    """Whether ``name`` is a file or folder, from the root or from any folder on."""
    known = folders() if name.endswith("/") else files()
    return name in known or any(path.endswith(f"/{name}") for path in known)


def named(text: str) -> Iterator[str]:
    """Files and folders that the inline code of a page names. A placeholder, a command and a URL are none."""
    tops = {name.partition("/")[0] for name in folders()}
    for code in INLINE.findall(FENCE.sub("", text)):
        if code.startswith(MADE) or code in NOT_OURS:
            continue
        ours = code.partition("/")[0] in tops
        if SOURCE.fullmatch(code) or (ours and (ANY_FILE.fullmatch(code) or FOLDER.fullmatch(code))):
            yield code


def headings(page: Path) -> set[str]:
    """The names by which links reach a page's headings, as GitHub makes them."""
    lines = FENCE.sub("", page.read_text("utf-8")).splitlines()
    titles = [line.lstrip("#").strip() for line in lines if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links(page: Path) -> list[str]:
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"\w+:", link):
            continue
        path, _, part = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (part and part not in headings(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = sorted({name for name in named(page.read_text("utf-8")) if not exists(name)})
    assert not missing, f"{page.name} names what isn't there: {', '.join(missing)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert not broken_links(page)


def test_the_pages_name_files_to_look_up() -> None:
    assert len({name for page in PAGES for name in named(page.read_text("utf-8"))}) > 100


@pytest.mark.parametrize(
    "name", ["orion_py/loading/manager.py", "hydration.py", "web/bridge/nowhere/", "docs/nowhere.md", "kernel/gone.c"]
)
def test_a_file_that_is_gone_is_found(name: str) -> None:
    assert list(named(f"See `{name}`.")) == [name]
    assert not exists(name)


def test_a_link_to_a_heading_that_is_gone_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n\n## Keys, in 8 bits\n\n[a](#keys-in-8-bits) [b](#gone) [c](gone.md) [d](https://x.org/y)\n"
    )
    assert broken_links(page) == ["#gone", "gone.md"]


def test_the_architecture_page_lists_every_request() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = re.search(r"^Requests: `([a-z._ ]+)`", page, re.MULTILINE)
    assert listed is not None
    assert sorted(listed[1].split()) == sorted(REQUESTS)


def test_commands_placeholders_and_what_a_build_makes_are_passed_over() -> None:
    assert not list(named("`python3 build.py test` `models/<model>/manifest.json` `public/models/x.json` `a.b`"))
