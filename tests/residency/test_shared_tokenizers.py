"""A tokenizer is shared by models in memory that speak alike, and by no others."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orion_py.protocol import InferOptions
from tests.tiny import LetterTokenizer, manifest_json
from tests.two_models import TwoModels, engine


class Spoken(LetterTokenizer):
    """Knows the template that it was made with."""

    def __init__(self, definition: bytes) -> None:
        self.template = json.loads(definition)["chat_template"]


@pytest.mark.parametrize(("other", "made_with"), [("fancy", ["plain", "fancy"]), ("plain", ["plain"])])
async def test_two_models_with_one_tokenizer_file_each_have_their_own_chat_template(
    other: str, made_with: list[str]
) -> None:
    made: list[Spoken] = []

    def factory(definition: bytes) -> Spoken:
        made.append(Spoken(definition))
        return made[-1]

    def chat(template: str) -> dict[str, str]:
        return {"chat_template": template, "bos_token": "", "eos_token": "<end>"}

    world = TwoModels()
    world.texts["models/tiny/manifest.json"] = manifest_json(chat=chat("plain"))
    world.texts["models/big/manifest.json"] = manifest_json(model="big", chat=chat(other))
    world.ports = replace(world.ports, tokenizer_factory=factory)
    engine_of_both = await engine(world)
    for agent in ("conversation", "scribe"):
        await engine_of_both.infer("hello", InferOptions(temperature=0, force_agent=agent))
    assert set(engine_of_both.models.loaded) == {"tiny", "big"}
    assert [each.template for each in made] == made_with
