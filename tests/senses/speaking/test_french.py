"""French words are pronounced by the lexicon and by their letters, and bound to each other where everybody does so.

``french_words.tsv`` has 300 words of gruut's lexicon (MIT) with its pronunciation: those of 4 letters and more whose
SHA-256 is lowest, of which no rule of ``french_letters.py`` was made. ``liaisons.txt`` has 60 sentences, written for
this test, with ``‿`` and its consonant where a word is bound to the next one, and nothing where it isn't.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orion_py.senses.speaking.french import French
from orion_py.senses.speaking.french_letters import letters_aloud
from orion_py.senses.speaking.lexicon import Lexicon, packed
from orion_py.senses.speaking.liaisons import begins_with_vowel

HERE = Path(__file__).parent
WORDS = dict(line.split("\t") for line in (HERE / "french_words.tsv").read_text("utf-8").splitlines())
SENTENCES = (HERE / "liaisons.txt").read_text("utf-8").splitlines()
ENTRIES = {"bonjour": "bɔ̃ʒuʁ", "pomme": "pɔm", "arc-en-ciel": "aʁkɑ̃sjɛl", "onu": "ony", "otan": "ɔtɑ̃", "ami": "ami"}


@pytest.fixture
def french() -> French:
    return French(Lexicon(packed(ENTRIES)))


def bare(sound: str) -> str:
    return sound.replace("ˈ", "")


def test_three_hundred_words_are_read_by_their_letters() -> None:
    assert len(WORDS) == 300
    wrong = {
        word: (said, letters_aloud(word)) for word, said in WORDS.items() if alike(letters_aloud(word)) != alike(said)
    }
    assert len(wrong) <= 39, wrong  # 36 today: 88 % are right


def alike(sound: str) -> str:
    """Without what speakers of French don't agree on: open and closed vowels, the schwa, œ̃ and ɛ̃."""
    for one, other in (("œ̃", "ɛ̃"), ("ɑ̃", "Ã"), ("ɑ", "a"), ("Ã", "ɑ̃"), ("ə", ""), ("ɔ̃", "Õ"), ("ɔ", "o"), ("Õ", "ɔ̃")):
        sound = sound.replace(one, other)
    return re.sub("[œø]", "ø", re.sub(r"ɛ(?!\u0303)", "e", sound))


def test_sixty_sentences_have_their_liaisons_and_no_others(french: French) -> None:
    assert len(SENTENCES) == 60
    for sentence in SENTENCES:
        tokens = re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*(?:‿.)?|,", sentence)
        words = ["" if token == "," else token.partition("‿")[0] for token in tokens]
        for token, word, sound in zip(tokens, words, french.phonemes(words), strict=True):
            alone = bare(french.phonemes([word, ""])[0])
            consonant = token.partition("‿")[2]
            assert bare(sound).endswith(consonant), (sentence, word, sound)
            assert (bare(sound) != alone) == bool(consonant), (sentence, word, sound)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bonjour", "bɔ̃ʒˈuʁ"),
        ("Bonjour pommes", "bɔ̃ʒˈuʁ pˈɔm"),
        ("l'ami", "lamˈi"),
        ("aujourd'hui", "oʒuʁdɥˈi"),
        ("arc-en-ciel", "aʁkɑ̃sjˈɛl"),
        ("allez-vous", "alevˈu"),
        ("a-t-il", "atˈil"),
        ("vas-y", "vazˈi"),
        ("est-il", "ɛtˈil"),
        ("six pommes", "sˈi pˈɔm"),
        ("six", "sˈis"),
        ("dix amis", "dˈiz amˈi"),
        ("neuf heures", "nˈœv ˈœʁ"),
        ("vingt-deux", "vɛ̃tdˈø"),
        ("tous", "tˈus"),
        ("SNCF", "ɛsɛnseˈɛf"),
        ("OTAN", "ɔtˈɑ̃"),
        ("TGV", "teʒevˈe"),
    ],
)
def test_words_in_their_sentence(french: French, text: str, said: str) -> None:
    assert " ".join(french.phonemes(text.split(" "))) == said


def test_an_aspirated_h_is_no_vowel() -> None:
    for word in ("héros", "haricot", "haut", "honte", "hibou", "hollandais", "onze", "oui", "yaourt", "huit", "hockey"):
        assert not begins_with_vowel(word, letters_aloud(word)), word
    for word in (
        "homme",
        "héroïne",
        "histoire",
        "heure",
        "hôtel",
        "yeux",
        "oiseau",
        "huile",
        "hier",
        "habitude",
        "hiver",
    ):
        assert begins_with_vowel(word, letters_aloud(word)), word


def test_a_pause_binds_nothing(french: French) -> None:
    assert french.phonemes(["les", "", "amis"]) == ["lˈe", "", "amˈi"]
