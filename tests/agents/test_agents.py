"""What each built-in agent makes of a question, with the registry's own entries."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from orion_py.agents.base import Brief
from orion_py.agents.code import language_of, wants_only_code
from orion_py.agents.factory import AgentFactory
from orion_py.agents.styles import STYLES, style_of
from orion_py.language.detector import Guess
from orion_py.protocol import InferOptions, Style
from orion_py.registry.load import parse_registry

REGISTRY = parse_registry((Path(__file__).parents[2] / "models.json").read_bytes())


class ScriptedDetector:
    """Says what it was told to say, and remembers what it was asked."""

    def __init__(self, guess: Guess | None) -> None:
        self.guess, self.asked = guess, []

    async def detect(self, text: str, likely: str) -> Guess | None:
        self.asked.append((text, likely))
        return self.guess


async def brief(agent: str, query: str, locale: str = "en", guess: Guess | None = None, **options: object) -> Brief:
    factory = AgentFactory(REGISTRY, ScriptedDetector(guess))
    return await factory.get(agent).prepare(query, locale, InferOptions.model_validate(options))


@pytest.mark.parametrize("agent", [a.id for a in REGISTRY.agents])
async def test_every_agent_prepares_a_question_in_both_languages(agent: str) -> None:
    english, french = await brief(agent, "tell me about the sea"), await brief(agent, "parle-moi de la mer", "fr")
    assert english.system.startswith("You are ORION")
    assert french.system.startswith("Tu es ORION")


@pytest.mark.parametrize(
    ("query", "locale", "start"),
    [
        ("what is the sea?", "fr", "You are"),
        ("qu'est-ce que la mer ?", "en", "Tu es"),
        ("ok", "fr-CA", "Tu es"),
        ("ok", "en-GB", "You are"),
    ],
)
async def test_the_prompt_is_in_the_questions_language_and_else_in_the_pages(
    query: str, locale: str, start: str
) -> None:
    assert (await brief("conversation", query, locale)).system.startswith(start)


@pytest.mark.parametrize("query", ["who are you?", "What is your name", "qui es-tu ?", "Comment t’appelles-tu ?"])
async def test_asked_who_it_is_the_answer_begins_with_its_name(query: str) -> None:
    made = await brief("conversation", query)
    assert "ORION" in made.assistant_prefix
    assert made.answered_by == "engine"


async def test_asked_for_more_than_its_name_the_model_goes_on() -> None:
    made = await brief("conversation", "who are you, and what can you tell me about the tides?")
    assert made.assistant_prefix.startswith("I'm ORION")
    assert made.answered_by == ""


@pytest.mark.parametrize("query", ["what are you doing?", "who is Marie Curie", "qui est là", "hello"])
async def test_another_question_gets_no_opening(query: str) -> None:
    assert (await brief("conversation", query)).assistant_prefix == ""


# Logical


async def test_a_sum_alone_is_answered_without_the_model() -> None:
    made = await brief("logical", "what is 17*23+4?")
    assert (made.assistant_prefix, made.answered_by) == ("17 × 23 + 4 = 395", "calculator")
    assert made.notes["computed"] == [{"expression": "17 × 23 + 4", "value": "395", "exact": "true"}]


async def test_a_sum_amid_words_stands_first_and_the_model_goes_on() -> None:
    made = await brief("logical", "what is 15% of 80 and why is that useful?")
    assert (made.assistant_prefix, made.answered_by) == ("15% of 80 = 12\n\n", "")


async def test_a_wrong_equation_of_the_model_is_corrected() -> None:
    made = await brief("logical", "explain multiplication")
    assert made.output_transform is not None
    shaper = made.output_transform()
    assert shaper.push("So 6 * 7 = 41, you see") + shaper.finish() == "So 6 * 7 = 42, you see"


async def test_a_sum_without_a_result_says_why_in_the_readers_language() -> None:
    assert "division par zéro" in (await brief("logical", "combien font 5 divisé par 0 ?", "fr")).assistant_prefix


# Code


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("write a function that adds two numbers", "python"),
        ("write a sort in JavaScript", "javascript"),
        ("écris un tri en Rust", "rust"),
        ("a hello world in C", "c"),
        ("hello world in C++", "cpp"),
        ("une classe en C#", "csharp"),
        ("a Java class", "java"),
        ("translate this Java code into Python", "python"),
        ("SQL query for all users", "sql"),
        ("how do I go home in Go", "go"),
        ("fix main.ts", "typescript"),
        ("what does this do? ```ruby\nputs 1\n```", "ruby"),
    ],
)
def test_the_language_asked_for_is_found_and_else_it_is_python(query: str, language: str) -> None:
    assert language_of(query) == language


@pytest.mark.parametrize(
    ("query", "only"),
    [
        ("write a function that reverses a string", True),
        ("écris une fonction qui inverse une chaîne", True),
        ("explain this function", False),
        ("write a function and explain it", False),
        ("what is a closure?", False),
        ("pourquoi ce code plante ?", False),
    ],
)
def test_a_short_request_for_code_wants_only_code(query: str, only: bool) -> None:
    assert wants_only_code(query) is only


async def test_who_only_wants_code_gets_the_fence_first() -> None:
    made = await brief("code", "write a sort in JavaScript")
    assert made.assistant_prefix == "```javascript\n"
    assert made.notes["code_language"] == "javascript"
    assert "javascript" in made.system


async def test_who_wants_an_explanation_gets_words_first() -> None:
    assert (await brief("code", "explain what a closure is")).assistant_prefix == ""


# Creative


@pytest.mark.parametrize(
    ("query", "style"),
    [
        ("write a poem about rain", "poem"),
        ("écris un poème sur la pluie", "poem"),
        ("tell me a story", "story"),
        ("raconte-moi une histoire drôle", "story"),
        ("a slogan for my bakery", "slogan"),
        ("lettre de motivation", "letter"),
        ("un dialogue entre deux chats", "dialogue"),
        ("something funny", "humorous"),
        ("a formal note", "formal"),
        ("ten ideas for a party", "brainstorm"),
        ("the sea", None),
    ],
)
def test_the_style_is_found_in_the_question(query: str, style: str | None) -> None:
    assert style_of(query) == style


def test_every_style_that_may_be_asked_for_has_settings() -> None:
    assert set(STYLES) == set(get_args(Style))


async def test_a_style_sets_the_prompt_the_freedom_and_the_length() -> None:
    made = await brief("creative", "something about the sea", style="slogan")
    assert made.system.endswith(STYLES["slogan"].wish.en)
    assert (made.sampling.temperature, made.max_tokens) == (STYLES["slogan"].temperature, STYLES["slogan"].tokens)
    assert made.notes["style"] == "slogan"
    assert made.stops == ("\n",)


async def test_an_option_outranks_the_words() -> None:
    assert (await brief("creative", "a poem", style="letter")).notes["style"] == "letter"


# Multilingual


async def test_the_answer_is_in_the_language_of_the_question() -> None:
    made = await brief("multilingual", "¿Qué hora es?", guess=Guess("es", 0.93))
    assert made.system.endswith("Answer only in Spanish.")
    assert made.notes == {"language": "es", "detected": "es", "probability": 0.93}


async def test_a_language_asked_for_outranks_the_questions_own() -> None:
    made = await brief("multilingual", "dis bonjour en italien", "fr", guess=Guess("fr", 0.9))
    assert made.system.endswith("Réponds uniquement en italien.")
    assert made.notes["language"] == "it"


async def test_a_translation_from_french_is_not_asked_for_in_french() -> None:
    made = await brief("multilingual", "Translate from French: Où est la gare ?", guess=Guess("fr", 0.97))
    assert made.system.endswith("Answer only in English.") or made.system.endswith("Réponds uniquement en anglais.")
    assert made.notes["language"] == "en"


async def test_without_a_guess_the_pages_language_serves() -> None:
    made = await brief("multilingual", "xyzzy", "fr-CA", guess=None)
    assert made.notes == {"language": "fr"}
    assert made.system.endswith("Réponds uniquement en français.")


# Hybrids


async def test_a_hybrid_has_both_skills() -> None:
    assert (await brief("code-logic", "what is 6*7?")).answered_by
    assert (await brief("code-logic", "write a sort in Rust")).assistant_prefix == "```rust\n"
    both = await brief("creative-multilingual", "a poem in Spanish")
    assert (both.notes["style"], both.notes["language"]) == ("poem", "es")
