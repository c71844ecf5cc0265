"""The page speaks English and French, completely, for every error and step down that there is."""

from __future__ import annotations

import re
import string
from typing import get_args

import pytest

from orion_py.errors import OrionError
from orion_py.protocol import FallbackEvent
from tests.ui.conftest import WEB
from ui.words.i18n import Words, choose
from ui.words.strings import AGENTS, ERRORS, FALLBACKS, TEXT
from ui.workshop.strings import WORKSHOP

ALL = {**TEXT, **WORKSHOP}


def all_codes(root: type[OrionError]) -> set[str]:
    return {root.code}.union(*(all_codes(child) for child in root.__subclasses__()))


@pytest.mark.parametrize("table", [ALL, AGENTS, FALLBACKS])
def test_every_entry_has_both_languages(table: dict[str, tuple[str, str]]) -> None:
    for key, pair in table.items():
        assert len(pair) == 2, key
        assert all(text.strip() for text in pair), key


def test_both_languages_use_the_same_placeholders() -> None:
    for key, (english, french) in ALL.items():
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, french)]
        assert fields[0] == fields[1], key


def test_every_error_of_the_engine_has_words() -> None:
    assert all_codes(OrionError) <= set(ERRORS)


def test_every_step_down_has_words() -> None:
    kinds = get_args(FallbackEvent.model_fields["kind"].annotation)
    assert {key for key in FALLBACKS if ":" not in key and ">" not in key} == set(kinds)


def test_all_keys_that_the_page_names_exist() -> None:
    html = (WEB / "index.html").read_text()
    for key in re.findall(r'data-(?:words|label|placeholder)="([^"]+)"', html):
        assert key in TEXT
    for path in (WEB / "ui").rglob("*.py"):
        for key in re.findall(r'\bwords\("([a-z_]+)"', path.read_text()):
            assert key in ALL or key.endswith("_"), f"{path.name}: {key}"


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
    assert choose(preferred, chosen) == language


def test_an_unknown_error_keeps_the_engines_words() -> None:
    assert Words("fr").error("brand_new", "It broke.", "Mend it.") == ("It broke.", "Mend it.")


def test_the_most_precise_fallback_wording_wins() -> None:
    words = Words("en")
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
    words = Words("fr")
    assert words.agent("creative") == "Écriture"
    assert words.agent("my_own-agent") == "My own agent"
    words.titles = {"creative": {"fr": "Plume"}}
    assert words.agent("creative") == "Plume"
