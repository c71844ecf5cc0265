"""Makes the question that every contender of ``generate`` answers: exactly ``TOKENS`` tokens with its template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from tokenizers import Tokenizer

TOKENS = 128

PASSAGE = (
    "Write a long and detailed story for children about an old lighthouse keeper and a young whale. Begin with "
    "the winter in which they met, when the sea froze along the shore and the ships stayed in the harbour. Tell "
    "what the keeper saw from the window every morning, how the whale learned to follow the light, what the "
    "people of the village said about it, and why the lamp went out in the great storm. Describe the sea, the "
    "weather and the faces of the people with many small details, and let the two friends speak with each other "
    "in their own words, slowly and kindly, until the very last ship has come home and the morning is there."
)
"""A request whose answer is longer than any bench reads, so that no contender stops early."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``text`` is ``query`` in the model's chat template, ``tokens`` are its ids."""

    query: str
    text: str
    tokens: list[int]


def render(definition: dict[str, Any], system: str, query: str) -> str:
    """The conversation's beginning as the model's template writes it."""
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": query}]
    return environment.from_string(definition["chat_template"]).render(
        messages=messages,
        add_generation_prompt=True,
        bos_token=definition["bos_token"],
        eos_token=definition["eos_token"],
    )


def fit(definition: dict[str, Any], system: str, passage: str = PASSAGE, tokens: int = TOKENS) -> Prompt:
    """The longest beginning of ``passage`` that makes ``tokens`` tokens. Raises ValueError if none does."""
    encoder = Tokenizer.from_str(json.dumps(definition["tokenizer"]))
    words = passage.split()
    for count in range(len(words), 0, -1):
        for ending in ("", ".", " ...", " now.", " for me."):
            query = " ".join(words[:count]) + ending
            text = render(definition, system, query)
            ids = encoder.encode(text, add_special_tokens=False).ids
            if len(ids) == tokens:
                return Prompt(query, text, ids)
    raise ValueError(f"no beginning of the passage makes {tokens} tokens")


def of_site(site: Path, model: str) -> Prompt:
    """The prompt for ``model`` of the built ``site``, with the conversation agent's system prompt."""
    registry = json.loads((site / "models.json").read_text())
    manifest = json.loads((site / "models" / model / "manifest.json").read_text())
    definition = json.loads((site / "models" / "shards" / manifest["tokenizer"]).read_text())
    agent = next(agent for agent in registry["agents"] if agent["id"] == "conversation")
    return fit(definition, agent["system"]["en"])
