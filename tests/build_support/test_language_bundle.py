from __future__ import annotations

from pathlib import Path

import pytest

from build_support import language_bundle
from orion_py.language.names import LANGUAGES

TEXTS = ["¿Cuál es la capital de Perú?", "comment ça va", "こんにちは", "Was ist das?", "ok"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("language")
    language_bundle.lay_out(target / "out")
    return target / "out" / "py3langid"


def test_the_smaller_model_says_what_the_whole_one_says(folder: Path) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    small = LanguageIdentifier.from_model_file(folder / language_bundle.MODEL, norm_probs=True)
    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    whole.set_languages(list(LANGUAGES))
    assert set(small.labels) == set(LANGUAGES)
    assert [small.classify(text) for text in TEXTS] == [whole.classify(text) for text in TEXTS]


def test_it_is_a_third_of_the_size(folder: Path) -> None:
    whole = (language_bundle.package() / language_bundle.MODEL).stat().st_size
    assert (folder / language_bundle.MODEL).stat().st_size < whole / 3 + 100_000
