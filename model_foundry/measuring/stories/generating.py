"""Makes problems told as stories, by a seed: the same seed gives the same problems."""

from __future__ import annotations

import random
from typing import Literal

from model_foundry.measuring.stories import everyday, outdoors
from model_foundry.measuring.stories.story import Dice, Story

Part = Literal["development", "test"]
PARTS: tuple[Part, ...] = ("development", "test")
TEMPLATES = {"development": everyday.TEMPLATES, "test": outdoors.TEMPLATES}
COUNT = 200
SEED = 20


def stories(part: Part, count: int = COUNT, seed: int = SEED) -> list[Story]:
    """``count`` problems, half of them in English and half in French, with every template equally often. No problem
    occurs twice, and the French ones have other numbers than the English ones."""
    rng = random.Random(f"{part} {seed}")
    found: dict[str, Story] = {}
    templates = TEMPLATES[part]
    for number in range(count):
        template = templates[number // 2 % len(templates)]
        language = ("en", "fr")[number % 2]
        draft = template(Dice(rng))
        while (text := draft.fr if language == "fr" else draft.en) in found:
            draft = template(Dice(rng))
        name = f"{part[:4]}-{language}-{number // 2 + 1:03}"
        found[text] = Story(name, language, template.__name__, text, draft.working, draft.answer)
    return list(found.values())
