"""index.html as the build puts it together: its parts, and a control for each setting that people have."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from build_support import page_parts, page_python, page_settings, page_words, paths
from build_support.errors import BuildError
from orion_py.config import EngineConfig, shown

PAGE = page_parts.whole(paths.WEB)


class Controls(HTMLParser):
    """The values of each setting's control, none of a switch; the texts by their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._current = ""
        self.feed(PAGE)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if "data-setting" in named:
            self._current = str(named["data-setting"])
            self.values[self._current] = []
            assert tag == "select" or named["type"] == "checkbox"
            assert "disabled" in named, "until the engine says what is set"
        elif tag == "option" and self._current:
            self.values[self._current].append(str(named["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("select", "label"):
            self._current = ""


def test_each_setting_that_is_shown_has_a_control_with_its_values_and_its_words() -> None:
    assert Controls().values == {name: list(setting.options) for name, setting in shown().items()}
    for name, text in page_settings.words("en").items():
        assert f'data-words="{name}">{text}<' in PAGE


def test_labels_are_there_in_both_languages() -> None:
    found = page_words.catalogues(paths.WEB / page_words.FOLDER)
    for language in ("en", "fr"):
        assert page_settings.words(language).items() <= found[language]["text"].items()
    english, french = page_settings.words("en"), page_settings.words("fr")
    assert [name for name in english if english[name] == french[name]] == ["runner_onnxruntime"]


def test_a_language_without_them_has_them_in_english_and_one_with_them_its_own(tmp_path: Path) -> None:
    for name in ("en", "fr"):
        (tmp_path / f"{name}.json").write_text((paths.WEB / page_words.FOLDER / f"{name}.json").read_text("utf-8"))
    own = (tmp_path / "en.json").read_text().replace('"send": ', '"exact": "Ekzakta", "send": ')
    (tmp_path / "eo.json").write_text(own)
    text = page_words.catalogues(tmp_path)["eo"]["text"]
    assert (text["exact"], text["verbose_logging"]) == ("Ekzakta", "Detailed technical log")


def test_a_switch_is_on_or_off_and_a_choice_has_the_fields_values() -> None:
    for name, setting in shown().items():
        field = EngineConfig.model_fields[name]
        assert bool(setting.options) != isinstance(field.default, bool)


def test_no_mark_of_a_part_is_left_and_parts_are_not_served() -> None:
    assert not re.search(r"<!--", PAGE)
    served = [path for path in (paths.WEB / "parts").iterdir() if page_python.is_served(f"parts/{path.name}")]
    assert served == []


def test_a_part_that_is_missing_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>\n  <!-- part roof -->\n")
    with pytest.raises(BuildError, match="'roof'"):
        page_parts.whole(tmp_path)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "roof.html").write_text("  <p>roof\n")
    assert page_parts.whole(tmp_path) == "<p>\n  <p>roof\n"
