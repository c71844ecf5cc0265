"""The page's words as the build takes them: complete in each language, or refused with what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build_support import page_words
from build_support.errors import BuildError

ENGLISH: dict[str, Any] = {
    "name": "English",
    "numbers": {"decimal": ".", "group": ",", "bytes": ["B", "kB", "MB", "GB"]},
    "text": {
        "description": "A page.",
        "hello": "Hello {name} <b>",
        "reload": "[Reload] it.",
        "files": {"one": "1 file", "other": "{count} files"},
        "language_en": "English",
    },
    "agents": {"code": "Code"},
    "errors": {"orion": {"what": "It broke", "hint": "Try again."}, "cancelled": {"what": "Stopped", "hint": ""}},
    "fallbacks": {"model": "A smaller one answers."},
}
Change = Callable[[dict[str, Any]], object]


def written(folder: Path, change: Change = lambda catalogue: None) -> Path:
    """English and a second language, which is English but for ``change``."""
    other = copy.deepcopy(ENGLISH)
    change(other)
    for name, catalogue in (("en", ENGLISH), ("eo", other)):
        (folder / f"{name}.json").write_text(json.dumps(catalogue), "utf-8")
    return folder


def test_english_comes_first_then_the_others_by_their_codes(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "de.json").write_text(json.dumps(ENGLISH), "utf-8")
    assert list(page_words.catalogues(tmp_path)) == ["en", "de", "eo"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["text"].pop("hello"), "text lacks hello"),
        (lambda c: c["text"].update(more="More"), "text has more, which isn't English"),
        (lambda c: c["text"].update(hello="Saluton"), r"text.hello must have the placeholders \['name'\]"),
        (lambda c: c["text"].update(hello="Saluton {name"), "text.hello must have the placeholders"),
        (lambda c: c["text"].update(hello=" "), "text.hello is empty"),
        (lambda c: c["text"].update(files="{count} dosieroj"), "text.files must be an object"),
        (lambda c: c["text"]["files"].pop("other"), "text.files has no form “other”"),
        (lambda c: c["text"]["files"].update(one="{number} dosiero"), "text.files.one has other placeholders"),
        (lambda c: c["errors"].pop("orion"), "errors lacks orion"),
        (lambda c: c["errors"]["orion"].pop("hint"), "errors.orion must have what, hint"),
        (lambda c: c.pop("fallbacks"), "there is no table fallbacks"),
        (lambda c: c["numbers"].update(bytes=["B"]), "numbers must have"),
        (lambda c: c.update(name=""), "it has no name"),
    ],
)
def test_a_language_that_does_not_fit_is_refused_with_what_is_wrong(change: Change, said: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=said) as error:
        page_words.catalogues(written(tmp_path, change))
    assert "eo.json" in str(error.value)


def test_each_catalogue_names_the_languages_it_likes(tmp_path: Path) -> None:
    page_words.catalogues(written(tmp_path, lambda c: c["text"].update(language_eo="Esperanto")))


def test_forms_may_be_those_that_the_language_has(tmp_path: Path) -> None:
    page_words.catalogues(written(tmp_path, lambda c: c["text"]["files"].update(few="{count} dosieroj")))


def test_a_key_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "eo.json").write_text('{"name": "a", "name": "b"}', "utf-8")
    with pytest.raises(BuildError, match=r"eo\.json can't be read as JSON: name occurs twice"):
        page_words.catalogues(tmp_path)


def test_without_english_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"There is no en\.json"):
        page_words.catalogues(tmp_path)


def test_the_static_page_has_its_texts_in_each_language_and_shows_english(tmp_path: Path) -> None:
    def change(catalogue: dict[str, Any]) -> None:
        catalogue["name"] = "Esperanto"
        catalogue["text"].update(description="Paĝo.", hello="Saluton {name} <b>", reload="[Reŝargi] ĝin.")

    found = page_words.catalogues(written(tmp_path, change))
    index = (
        '<meta name="description" content="A page.">'
        '<span lang="en" data-static="hello">Hello</span>'
        '<span lang="en" data-static="reload"><a href="">Reload</a> it.</span>'
        '<select id="set-language"><option value="en" lang="en">English</option></select>'
    )
    assert page_words.page(index, found) == (
        '<meta name="description" content="A page. Paĝo.">'
        '<span lang="en" data-static="hello">Hello {name} &lt;b&gt;</span>'
        '<span lang="eo" data-static="hello" hidden>Saluton {name} &lt;b&gt;</span>'
        '<span lang="en" data-static="reload"><a href="">Reload</a> it.</span>'
        '<span lang="eo" data-static="reload" hidden><a href="">Reŝargi</a> ĝin.</span>'
        '<select id="set-language"><option value="en" lang="en">English</option>'
        '<option value="eo" lang="eo">Esperanto</option></select>'
    )


def test_a_static_text_that_no_catalogue_has_is_refused(tmp_path: Path) -> None:
    found = page_words.catalogues(written(tmp_path))
    with pytest.raises(BuildError, match=r"index\.html wants the words 'absent'"):
        page_words.page('<span lang="en" data-static="absent">?</span>', found)


def test_characters_beyond_the_first_plane_stand_as_themselves() -> None:
    assert page_words.packed({"text": {"a": "😀 é"}}) == '{"text":{"a":"😀 é"}}'.encode()
