"""The page speaks each of its languages completely, for every error and step down that there is."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from build_support import page_parts, page_words
from orion_py.errors import OrionError
from orion_py.protocol import FallbackEvent
from tests.ui.conftest import WEB
from tests.ui.speech import FOLDER, TEXT, catalogue, speak
from ui.words.i18n import choose

HTML = page_parts.whole(WEB)
STATIC = re.findall(r'data-(?:words|label|placeholder|static)="([^"]+)"', HTML)


def all_codes(root: type[OrionError]) -> set[str]:
    return {root.code}.union(*(all_codes(child) for child in root.__subclasses__()))


def literals() -> set[str]:
    """Every text in the page's Python and JavaScript that could be a key, or a part of one."""
    found: set[str] = set()
    for path in (WEB / "ui").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found


def named() -> Iterator[tuple[str, str]]:
    """(file, key) wherever the page's Python says a key as it is: words("…"), counted("…"), kind="…"."""
    for path in (WEB / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("words", "_words", "counted") and node.args and isinstance(node.args[0], ast.Constant):
                yield path.name, node.args[0].value
            if name in ("notice", "limit") and not any(word.arg == "text" for word in node.keywords):
                kinds = [word.value for word in node.keywords if word.arg == "kind"] + node.args[:1]
                yield from ((path.name, kind.value) for kind in kinds if isinstance(kind, ast.Constant))


def test_all_languages_have_the_same_entries_placeholders_and_forms() -> None:
    assert list(page_words.catalogues(FOLDER)) == ["en", "fr"]


def test_no_catalogue_says_the_same_as_another_by_neglect() -> None:
    """Sentences of six words and more are alike in two languages only where nobody translated them."""
    english, french = catalogue("en")["text"], catalogue("fr")["text"]
    same = [
        key for key, text in english.items() if isinstance(text, str) and len(text.split()) > 5 and text == french[key]
    ]
    assert same == []


def test_every_error_of_the_engine_has_words() -> None:
    assert all_codes(OrionError) <= set(catalogue()["errors"])


def test_every_step_down_has_words() -> None:
    kinds = get_args(FallbackEvent.model_fields["kind"].annotation)
    assert {key for key in catalogue()["fallbacks"] if ":" not in key and ">" not in key} == set(kinds)


def test_all_keys_that_the_page_names_exist() -> None:
    assert [key for key in STATIC if key not in TEXT] == []
    missing = [(file, key) for file, key in named() if key not in TEXT and not key.endswith("_")]
    assert missing == []


def test_every_key_is_said_somewhere() -> None:
    said = literals()
    starts = {each for each in said if each.endswith("_")}
    ends = {each for each in said if each.startswith("_")}

    def is_said(key: str) -> bool:
        begun = any(key.startswith(start) for start in starts)
        ended = any(key.endswith(end) and key[: -len(end)] in said for end in ends)
        return key in said or key in STATIC or begun or ended or key == "description"

    assert [key for key in TEXT if not is_said(key)] == []


def test_what_the_static_page_says_in_english_is_what_the_catalogue_says() -> None:
    without_link = re.sub(r'<a href="">(.*?)</a>', r"[\1]", HTML)
    for key, inner in re.findall(r'data-(?:words|static)="(\w+)"[^>]*>([^<]+)<', without_link):
        assert inner == TEXT[key], key
    for key, label in re.findall(r'data-label="(\w+)" aria-label="([^"]+)"', HTML):
        assert label == TEXT[key], key


def test_numbers_are_counted_as_the_language_counts_them() -> None:
    english, french = speak("en"), speak("fr")
    assert [english.counted("messages_count", count) for count in (0, 1, 2)] == [
        "0 messages",
        "1 message",
        "2 messages",
    ]
    assert [french.counted("messages_count", count) for count in (0, 1, 2)] == ["0 message", "1 message", "2 messages"]


def test_a_language_joins_by_its_file_alone(tmp_path: Path) -> None:
    folder = tmp_path / "words"
    shutil.copytree(FOLDER, folder)
    text = (FOLDER / "en.json").read_text("utf-8").replace('"name": "English"', '"name": "Esperanto"')
    (folder / "eo.json").write_text(text.replace('"send": "Send"', '"send": "Sendi"'), "utf-8")
    found = page_words.catalogues(folder)
    page = page_words.page(HTML, found)
    assert '<option value="eo" lang="eo">Esperanto</option>' in page
    assert page.count('<span lang="eo" data-static="welcome_title" hidden>') == 1
    words = speak("fr", folder)
    assert choose(["eo-XX", "fr"], words.languages) == "eo"
    words.speak("eo")
    assert words("send") == "Sendi"
    words.titles = {"code": {"en": "Programs", "fr": "Programmes"}}
    assert words.among(words.titles["code"]) == "Programs", "what only the engine says comes in English"


@pytest.mark.parametrize(
    ("preferred", "chosen", "language"),
    [
        (["fr-CA", "en"], None, "fr"),
        (["de-DE", "fr"], None, "fr"),
        (["de-DE"], None, "en"),
        (["fr-FR"], "en", "en"),
        (["en"], "xx", "en"),
        ([None], None, "en"),
    ],
)
def test_the_language_is_the_persons_choice_then_the_browsers(
    preferred: list[str | None], chosen: str | None, language: str
) -> None:
    assert choose(preferred, ["en", "fr"], chosen) == language


def test_an_unknown_error_keeps_the_engines_words() -> None:
    assert speak("fr").error("brand_new", "It broke.", "Mend it.") == ("It broke.", "Mend it.")


def test_the_most_precise_fallback_wording_wins() -> None:
    words = speak("en")
    assert "wrong results" in words.fallback("backend", "WASM, 2 threads", "golden_mismatch")
    assert "No graphics processor" in words.fallback("backend", "WASM, 2 threads", "backend_unavailable")
    assert "No graphics processor" in words.fallback("backend", "Kernel, 2 threads", "backend_unavailable")
    assert "wrong results" in words.fallback("kernel", "WASM, 2 threads", "golden_mismatch")
    assert "graphics" not in words.fallback("kernel", "WASM, 2 threads", "golden_mismatch")
    assert "onnxruntime" in words.fallback("kernel", "WASM, 2 threads", "out_of_memory")
    assert "isn’t on this device" in words.fallback("onnxruntime", "Kernel, 2 threads", "download_failed")
    assert "relaxed SIMD" in words.fallback("simd", "Kernel, 2 threads, plain SIMD", "golden_mismatch")
    assert "on one" in words.fallback("threads", "Kernel, 1 thread", "worker_died")
    assert words.fallback("new-kind", "x", "y", "as the engine says") == "as the engine says"


def test_an_agents_name_comes_from_the_registry_then_the_page_then_its_id() -> None:
    words = speak("fr")
    assert words.agent("creative") == "Écriture"
    assert words.agent("my_own-agent") == "My own agent"
    words.titles = {"creative": {"fr": "Plume"}}
    assert words.agent("creative") == "Plume"
