"""A voice gives its model the symbols that it was trained on, and gives back sound that can be played."""

from __future__ import annotations

import gc
import weakref
from typing import Any, cast

import numpy as np
import pytest

from orion_py.errors import InvalidModel, RuntimeFailure
from orion_py.senses.speaking.catalogue import VOICES
from orion_py.senses.speaking.voices import Speaker
from tests.senses.speaking.scripted_voice import IDS, LETTERS, TalkingModel

JOE, SIWIS, HEART, _ = VOICES


async def speaker(voice: Any, model: TalkingModel) -> Speaker:
    return await Speaker.open(voice, cast(Any, model))


async def test_piper_gets_espeaks_symbols_with_nothing_between_them() -> None:
    model = TalkingModel()
    await (await speaker(JOE, model)).speak("Hello, world.", 2.0)
    (run,) = model.runs
    ids = run["input"][0].tolist()
    said = "həlˈoʊ, wˈɜːld."
    assert ids[0] == IDS["^"]
    assert ids[-1] == IDS["$"]
    assert [number for number in ids[1:-1] if number] == [IDS[letter] for letter in said if letter in IDS]
    assert ids[1::2] == [0] * (len(ids) // 2)
    assert run["input_lengths"].tolist() == [len(ids)]
    assert run["scales"].tolist() == pytest.approx([0.667, 0.5, 0.8])


async def test_kokoro_gets_the_style_for_the_texts_length() -> None:
    model = TalkingModel()
    await (await speaker(SIWIS, model)).speak("Bonjour monde.", 1.5)
    (run,) = model.runs
    said = "bɔ̃ʒˈuʁ mˈɔ̃d."
    assert run["tokens"][0].tolist() == [0, *(IDS[letter] for letter in said), 0]
    assert run["style"].tolist() == [[256.0 * len(said) + number for number in range(256)]]
    assert run["speed"].tolist() == [1.5]


async def test_lexicons_are_opened_once_for_a_model_and_go_with_it() -> None:
    model = TalkingModel()
    await speaker(HEART, model)
    model.files["english.lexicon"] = b"not read again"
    await (await speaker(HEART, model)).speak("Hello.")
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


async def test_a_loud_sound_is_made_quieter_and_a_pause_follows() -> None:
    samples = await (await speaker(HEART, TalkingModel(loudness=3.0))).speak("Hello.")
    assert samples.dtype == np.float32
    assert 0.95 < np.abs(samples).max() <= 0.97
    assert not samples[-3800:].any()


async def test_what_no_letter_of_the_language_stands_in_is_a_pause() -> None:
    for voice in (HEART, SIWIS):
        model = TalkingModel()
        samples = await (await speaker(voice, model)).speak("你好, мир. عالم!")
        assert len(samples) == 3840
        assert not samples.any()
        assert model.runs == []


async def test_what_isnt_a_sound_is_a_failure() -> None:
    with pytest.raises(RuntimeFailure, match="made no sound"):
        await (await speaker(HEART, TalkingModel(loudness=np.nan))).speak("Hello.")


@pytest.mark.parametrize(
    "files",
    [
        {"symbols.json": b"{"},
        {"symbols.json": b'{"rate": 1, "ids": {}}'},
        {"symbols.json": b'{"rate": 24000, "ids": {"a": -1}}'},
        {"af_heart.bin": b"123"},
        {"english.lexicon": b"123"},
        {"letters.safetensors": b"123"},
    ],
)
async def test_damaged_files_are_refused(files: dict[str, bytes]) -> None:
    with (
        pytest.raises(InvalidModel)
        if "letters.safetensors" not in files
        else pytest.raises(Exception, match="can't be read")
    ):
        await speaker(HEART, TalkingModel(files))


def test_the_symbols_of_the_script_are_those_of_the_text() -> None:
    assert len(set(IDS.values())) == len(LETTERS) + 4
