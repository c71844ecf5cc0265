"""Natively and on the page a chat template writes the same text, to the letter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orion_py.errors import OrionError, UnsupportedModel
from orion_py.generation import template_features
from orion_py.generation.chat_template import examine
from orion_py.generation.template_clock import formatted
from orion_py.native.chat_template import NativeChatTemplate
from tests.bridge_in_node import Node, Refused, bridge

HERE = Path(__file__).parent
FAMILIES = HERE.parent / "model_foundry" / "families"
TEMPLATES = {path.stem: path for path in sorted((HERE / "chat_templates").glob("*.jinja"))} | {
    path.parent.name: path for path in sorted(FAMILIES.glob("*/chat_template.jinja"))
}
NOW = datetime(2026, 3, 5, 9, 7, 1)
SCRIPT = """
import { ChatTemplate, KNOWN } from "./bridge/worker/chat-template/template.js";
function answer({ template, bos, eos, messages, dates }) {
  if (template === undefined) return KNOWN;
  const chat = new ChatTemplate({ chat_template: template, bos_token: bos, eos_token: eos }, (format) => dates[format]);
  return { features: chat.features, text: messages && chat.render(JSON.stringify(messages)) };
}
"""
HARD = '\ufeff Où est-ce? «½» 🙂 a.a! \u00a0\n<think>\nplan \n</think>\n\n  so: \u2028 it\'s "that" \\n \x1f'
CONVERSATIONS = [
    [("user", "Hello, what is this?")],
    [("system", " Be brief. /no_think "), ("user", HARD)],
    [("system", "S"), ("user", "a"), ("assistant", HARD), ("user", "and then, after all that?")],
    [("user", ""), ("assistant", ""), ("user", "  spaces  "), ("assistant", "x"), ("user", "éé")],
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def turns(conversation: list[tuple[str, str]]) -> Any:
    return [{"role": role, "content": content} for role, content in conversation]


def natively(template: str, messages: Any, bos: str = "<s>", eos: str = "</s>") -> str | None:
    try:
        return NativeChatTemplate(template, bos, eos, lambda: NOW).render(messages)
    except OrionError:
        return None


def on_the_page(node: Node, template: str, messages: Any, bos: str = "<s>", eos: str = "</s>") -> str | None:
    formats = re.findall(r"strftime_now\(['\"](.*?)['\"]\)", template)
    dates = {pattern: formatted(NOW, pattern) for pattern in formats}
    question = {"template": template, "bos": bos, "eos": eos, "messages": messages, "dates": dates}
    try:
        text: str = node.ask(question)["text"]
    except Refused:
        return None
    return text


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_writes_the_same_text(node: Node, name: str, conversation: list[tuple[str, str]]) -> None:
    template, messages = TEMPLATES[name].read_text("utf-8"), turns(conversation)
    expected = natively(template, messages)
    assert on_the_page(node, template, messages) == expected
    assert expected is None or expected


@pytest.mark.parametrize("name", TEMPLATES)
def test_both_see_the_same_features_all_of_them_known(node: Node, name: str) -> None:
    template = TEMPLATES[name].read_text("utf-8")
    native = NativeChatTemplate(template, "", "")
    assert node.ask({"template": template, "bos": "", "eos": ""})["features"] == list(native.features)
    examine(native)


def test_llamas_prompt_has_todays_date(node: Node) -> None:
    template = TEMPLATES["llama32"].read_text("utf-8")
    text = natively(template, turns(CONVERSATIONS[0]))
    assert text is not None
    assert "Today Date: 05 Mar 2026" in text
    assert text == on_the_page(node, template, turns(CONVERSATIONS[0]))


def test_a_model_without_a_token_has_no_such_name(node: Node) -> None:
    template = (
        "{{ bos_token is defined }}{{ eos_token }}{{ tools is none }}{{ documents is none }}{{ other is defined }}"
    )
    assert natively(template, [], "", "") == on_the_page(node, template, [], "", "") == "FalseTrueTrueFalse"


def test_the_pages_filters_and_tests_are_those_that_are_known(node: Node) -> None:
    known = node.ask({})
    assert set(known["filters"]) == template_features.FILTERS
    assert set(known["tests"]) == template_features.ARGUED_TESTS


def test_an_expression_means_the_same(node: Node) -> None:
    told = {}
    for expression in (HERE / "chat_templates" / "expressions.txt").read_text("utf-8").splitlines():
        template = "{{ " + expression + " }}"
        native, page = natively(template, []), on_the_page(node, template, [])
        if native != page:
            told[expression] = (native, page)
    assert told == {}


@pytest.mark.parametrize("template", json.loads((HERE / "chat_templates" / "statements.json").read_text("utf-8")))
def test_a_statement_does_the_same(node: Node, template: str) -> None:
    for messages in ([], turns(CONVERSATIONS[2])):
        assert on_the_page(node, template, messages) == natively(template, messages)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{ messages | xmlattr }}", "filter xmlattr"),
        ("{{ messages | sum(attribute='x') }}", "filter sum"),
        ("{{ messages is divisibleby(2) }}", "test divisibleby"),
        ("{{ messages[0].content.format(1) }}", "method format"),
        ("{{ cycler('a') }}", "function cycler"),
        ("{{ loop.cycle('a') }}", "method cycle"),
        ("{{ messages.__class__ }}", "attribute __class__"),
        ("{% include 'x' %}", "tag include"),
        ("{% with a = 1 %}{{ a }}{% endwith %}", "tag with"),
        ("{% raw %}{{ x }}{% endraw %}", "tag raw"),
        ("{% filter trim | upper %} x {% endfilter %}", "tag filter"),
        ("{{ (1,) }}", "tuple of fewer"),
        ("{{ 1e3 }}", "number 1e3"),
        ("{% macro m() %}{{ varargs }}{% endmacro %}", "name varargs"),
        ("{{ dict is defined }}", "name dict"),
        ("{{ 1 < 2 < 3 }}", "comparison of more than two"),
        ("{{ strftime_now('%Q') }}", "%Q"),
        ("{% for %}", "can't be read"),
    ],
)
def test_what_cannot_be_had_is_refused_by_its_name(node: Node, template: str, named: str) -> None:
    with pytest.raises(UnsupportedModel, match=named):
        examine(NativeChatTemplate("{{ messages[0].content }}" + template, "", "", lambda: NOW))
    if "strftime" in template:
        return
    try:
        features = node.ask({"template": template, "bos": "", "eos": ""})["features"]
    except Refused:
        return  # the page's parser doesn't take it at all
    if named != "comparison of more than two":  # which it reads as nested ones
        with pytest.raises(UnsupportedModel):
            template_features.refuse_unknown(features)


@pytest.mark.parametrize(
    "expression",
    ["'ab' * 1000000", "[0] * 2000000", "'a' * 10 ** 9", "9 ** 99999", "2 ** 60", "9999999999 * 9999999999"],
)
def test_an_operator_cannot_fill_the_memory(node: Node, expression: str) -> None:
    template = "{{ (" + expression + ") | string | length }}"
    assert natively(template, []) is None
    assert on_the_page(node, template, []) is None


def test_a_template_without_an_end_is_ended_on_the_page(node: Node) -> None:
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}"
    with pytest.raises(Refused, match="end"):
        node.ask({"template": loops, "bos": "", "eos": "", "messages": [], "dates": {}})


TEXTS: st.SearchStrategy[str] = st.lists(
    st.sampled_from([*"ab \n\t<>/'\"\\{%}🙂é½\ufeff\u00a0\u2028\x1f", "<think>", "</think>"]), max_size=12
).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(TEMPLATES)),
    system=st.none() | TEXTS,
    said=st.lists(TEXTS, min_size=1, max_size=5),
)
def test_whatever_is_said_comes_out_the_same(node: Node, name: str, system: str | None, said: list[str]) -> None:
    head = [] if system is None else [("system", system)]
    messages = turns([*head, *((("user", "assistant")[i % 2], text) for i, text in enumerate(said))])
    template = TEMPLATES[name].read_text("utf-8")
    assert on_the_page(node, template, messages) == natively(template, messages)


def test_the_conversations_survive_json() -> None:
    assert json.loads(json.dumps(turns(CONVERSATIONS[2])))[2]["content"] == HARD


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """``inner`` within a tag whose ends take white space away or don't."""
    minus = st.sampled_from(["", "-"])
    tags = st.sampled_from([("if true", "endif"), ("for x in [1, 2]", "endfor"), ("generation", "endgeneration")])
    return st.builds(
        lambda tag, a, b, c, d, body: f"{{%{a} {tag[0]} {b}%}}{body}{{%{c} {tag[1]} {d}%}}",
        *(tags, minus, minus, minus, minus, inner),
    )


PLAIN = st.sampled_from(
    [
        "a",
        "b",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\t",
        "{{ 'x' }}",
        "{{- 'y\n' }}",
        "{{ ' z ' -}}",
        "{# c #}",
        "{#- c -#}",
        "{# \n #}",
    ]
)
SOURCE = st.recursive(
    st.lists(PLAIN, max_size=6).map("".join),
    lambda inner: st.lists(_around(inner) | PLAIN, max_size=5).map("".join),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=SOURCE)
def test_white_space_around_tags_goes_or_stays_alike(node: Node, template: str) -> None:
    assert on_the_page(node, template, []) == natively(template, [])
