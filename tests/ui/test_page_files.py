"""The static files keep the promises that no script can keep for them."""

from __future__ import annotations

import ast
import json
import re
import struct
from html.parser import HTMLParser

import pytest

from build_support import page_parts
from tests.ui.conftest import WEB

HTML = page_parts.whole(WEB)
STYLES = {path.name: path.read_text() for path in (WEB / "styles").glob("*.css")}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(HTML)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


TAGS = Tags().found


def policy(text: str) -> dict[str, set[str]]:
    rules = [rule.split() for rule in text.split(";") if rule.strip()]
    return {rule[0]: set(rule[1:]) for rule in rules}


def page_policy() -> dict[str, set[str]]:
    metas = [attrs for tag, attrs in TAGS if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"]
    assert len(metas) == 1
    return policy(str(metas[0]["content"]))


def test_the_policy_is_strict() -> None:
    rules = page_policy()
    assert rules["script-src"] == {"'self'", "'wasm-unsafe-eval'"}
    assert rules["style-src"] == rules["worker-src"] == rules["connect-src"] == rules["frame-src"] == {"'self'"}
    assert rules["img-src"] == {"'self'", "data:", "blob:"}
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == rules["form-action"] == {"'none'"}


def test_the_service_worker_sends_the_same_policy() -> None:
    source = (WEB / "sw.js").read_text()
    written = "".join(re.findall(r'"([^"]*)"', source.split("const POLICY =")[1].split(";\n")[0]))
    assert policy(written) == page_policy()


def test_nothing_is_inline() -> None:
    for tag, attrs in TAGS:
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        if tag == "script":
            assert attrs.get("src")
    assert "<style" not in HTML


def test_every_address_is_relative() -> None:
    for tag, attrs in TAGS:
        for name in ("src", "href"):
            value = attrs.get(name)
            assert value is None or not re.match(r"/|[a-z]+:", value), (tag, value)


def listed() -> tuple[list[str], dict[str, list[str]]]:
    """The modules that app.js starts with, and those that it brings later, by what they are for."""
    source = (WEB / "app.js").read_text()
    first = re.search(r"const MODULES = (\[.*?\]);", source, re.DOTALL)
    later = re.search(r"const LATER = \{(.*?)\};", source, re.DOTALL)
    assert first
    assert later
    return json.loads(first[1]), {
        name: json.loads(f"[{names}]") for name, names in re.findall(r"(\w+): \[([^\]]*)\]", later[1])
    }


def modules() -> dict[str, ast.Module]:
    """The page's modules by their paths below ui/, but for the packages' own."""
    ui = WEB / "ui"
    found = [path for path in ui.rglob("*.py") if path.name != "__init__.py"]
    return {path.relative_to(ui).with_suffix("").as_posix(): ast.parse(path.read_text()) for path in found}


def imports_at_load(module: ast.Module) -> set[str]:
    needed: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ui":
            path = "/".join(node.module.split(".")[1:])
            whole = (WEB / "ui" / path).is_dir()
            needed |= {f"{path}/{alias.name}".lstrip("/") for alias in node.names} if whole else {path}
    return needed


def test_the_app_loads_exactly_the_modules_that_there_are() -> None:
    first, later = listed()
    names = [*first, *(name for group in later.values() for name in group)]
    assert sorted(names) == sorted(modules())


def test_packages_hold_nothing_but_a_sentence_since_the_app_does_not_load_them() -> None:
    for path in (WEB / "ui").rglob("__init__.py"):
        (only,) = ast.parse(path.read_text()).body
        assert isinstance(only, ast.Expr), path


def test_modules_are_listed_after_what_they_import() -> None:
    first, later = listed()
    found = modules()
    for group in [[], *later.values()]:
        seen: set[str] = set()
        for name in [*first, *group]:
            assert seen >= imports_at_load(found[name]), (name, imports_at_load(found[name]))
            seen.add(name)


def test_only_main_imports_the_browser() -> None:
    for name, module in modules().items():
        imported = {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
        assert "js" not in imported or name == "main", name


@pytest.mark.parametrize(("name", "size"), [("orion-192", 192), ("orion-512", 512), ("orion-maskable-512", 512)])
def test_the_manifests_icons_have_their_size(name: str, size: int) -> None:
    data = (WEB / f"icons/{name}.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (size, size)
    manifest = json.loads((WEB / "manifest.webmanifest").read_text())
    assert {"src": f"icons/{name}.png", "sizes": f"{size}x{size}"}.items() <= next(
        icon for icon in manifest["icons"] if name in icon["src"]
    ).items()


def test_every_control_has_a_name() -> None:
    labels = {attrs["for"] for tag, attrs in TAGS if tag == "label" and "for" in attrs}
    for tag, attrs in TAGS:
        if tag == "textarea":
            assert attrs["id"] in labels
        if tag == "button" and "tool" in str(attrs.get("class")):
            assert attrs.get("aria-label") or attrs.get("data-words")


# Contrast


def palettes() -> dict[str, dict[str, str]]:
    text = STYLES["tokens.css"]
    light, rest = text.split("@media", 1)
    dark_media, dark_chosen = rest.split(':root[data-theme="dark"]')
    find = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{6})")
    return {
        "light": dict(find.findall(light)),
        "dark": dict(find.findall(dark_media)),
        "dark, chosen": dict(find.findall(dark_chosen)),
    }


def luminance(color: str) -> float:
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


PAIRS = [
    *[(ink, back) for ink in ("ink", "soft", "faint") for back in ("paper", "raised", "sunk")],
    ("ink", "said"), ("ink", "notice-wash"), ("soft", "notice-wash"), ("ink", "danger-wash"), ("soft", "danger-wash"),
    ("danger", "raised"), ("danger", "danger-wash"), ("accent", "paper"), ("accent-ink", "accent"), ("amber", "paper"),
    ("faint", "code"), ("ink", "accent-wash"),
    *[(f"code-{part}", "code") for part in ("keyword", "string", "number", "title", "comment")],
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark", "dark, chosen"])
@pytest.mark.parametrize(("ink", "back"), PAIRS)
def test_text_can_be_read(theme: str, ink: str, back: str) -> None:
    colors = palettes()[theme]
    assert contrast(colors[ink], colors[back]) >= 4.5


def test_both_ways_to_dark_are_the_same() -> None:
    found = palettes()
    assert found["dark"] == found["dark, chosen"]


def test_styles_use_only_tokens_that_exist_and_load_nothing() -> None:
    defined = set(re.findall(r"(--[a-z-]+):", STYLES["tokens.css"])) | {"--visible"}
    for name, text in STYLES.items():
        assert set(re.findall(r"var\((--[a-z-]+)", text)) <= defined, name
        assert "url(" not in text
        assert "@import" not in text
