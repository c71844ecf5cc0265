"""Renders chat templates in sandboxed jinja2, with the environment that transformers gives them.

A chat template comes with the model and so from outside: it renders in jinja's immutable sandbox. The
settings, tags, filters and functions are those of transformers (utils/chat_template_utils.py): templates
rely on them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, Undefined, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orion_py.errors import InvalidManifest, OrionError, UnsupportedModel
from orion_py.generation.template_clock import Now, formatted
from orion_py.generation.template_features import ARGUED_TESTS
from orion_py.runtime.tokenizer import ChatMessage


class _Generation(Extension):
    """``{% generation %}`` marks what the assistant says, for training; a prompt has the text inside. A call
    block, as in transformers, so that names set there aren't seen outside."""

    tags = {"generation"}  # noqa: RUF012 - jinja's own declaration

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller: Callable[[], str]) -> str:
        return caller()


def _raise_exception(message: str) -> NoReturn:
    """What templates call to refuse a conversation."""
    raise TemplateError(message)


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """jinja's own escapes HTML, which models haven't seen."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


MAX_REPEATED = 1_000_000
"""Parts that ``*`` may make of a text or a list; web/bridge/worker/chat-template/template.js has the same."""
_MAX_POWER_BITS = 1024
_MAX_WHOLE = 2**53 - 1
"""JavaScript's numbers are exact up to here."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """jinja's, whose operators can't fill the memory."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "//", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise TypeError("formatting a text with % isn't known here")
        if operator == "**":
            if isinstance(left, int) and isinstance(right, int) and abs(right) * left.bit_length() > _MAX_POWER_BITS:
                raise OverflowError("a power is too large")
        elif operator == "*" and any(hasattr(side, "__len__") for side in (left, right)):
            counts = [side if isinstance(side, int) else len(side) for side in (left, right)]
            if max(0, counts[0]) * max(0, counts[1]) > MAX_REPEATED:
                raise OverflowError("a repetition is too long")
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and abs(result) > _MAX_WHOLE:
            raise OverflowError("a number is too large")
        return result


def _written(value: Any) -> Any:
    """What is written of a value: of a range its numbers, as on the page, and of a function nothing."""
    if isinstance(value, range):
        return list(value)
    if callable(value) and not isinstance(value, Undefined):
        raise TemplateError("a function can't be written as text")
    return value


def _environment(now: Now) -> ImmutableSandboxedEnvironment:
    environment = _Sandbox(
        trim_blocks=True, lstrip_blocks=True, autoescape=False, extensions=[_Generation, loopcontrols]
    )
    environment.finalize = _written
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = lambda format: formatted(now(), str(format))
    return environment


class NativeChatTemplate:
    """One template. Raises UnsupportedModel where it can't be parsed."""

    def __init__(self, template: str, bos_token: str, eos_token: str, now: Now = datetime.now) -> None:
        environment = _environment(now)
        try:
            self.features: tuple[str, ...] = tuple(sorted(set(_features(environment, template))))
            self._template = environment.from_string(template)
        except Exception as error:  # a template is code from outside: its parser, too, can raise anything
            raise UnsupportedModel(f"The model's chat template can't be read: {str(error)[:200]}") from error
        # As in transformers: a model without such a token has no such name, and tools are None, not undefined.
        # A model that can think aloud (Qwen3, SmolLM3) answers at once.
        tokens = {"bos_token": bos_token, "eos_token": eos_token}
        self._names: dict[str, Any] = {name: token for name, token in tokens.items() if token}

    def render(self, messages: Sequence[ChatMessage]) -> str:
        """Raises InvalidManifest if the template can't take ``messages``."""
        try:
            return self._template.render(
                messages=list(messages),
                tools=None,
                documents=None,
                add_generation_prompt=True,
                enable_thinking=False,
                **self._names,
            )
        except OrionError:
            raise
        except Exception as error:  # a template is code from outside: it can raise anything
            raise InvalidManifest(f"chat template: {error}", path="chat_template") from error


_STATEMENTS = (
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Assign,
    nodes.AssignBlock,
    nodes.Macro,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.Break,
    nodes.Continue,
)
_JINJAS_OWN = frozenset({"varargs", "self", "dict", "lipsum", "cycler", "joiner"})
"""Names that jinja2 has and the page's evaluator hasn't, or not in the same way."""
_ESCAPE = re.compile(r"\\[^ntrbfvxu'\"\\]", re.DOTALL)
"""Escapes of Python's strings that the page's parser has not."""
_ATTRIBUTE_FILTERS = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filters that take a test's name, and where."""


def _features(environment: ImmutableSandboxedEnvironment, source: str) -> Iterator[str]:
    """What the template uses, as ``template_features.refuse_unknown`` takes it. Raises TemplateSyntaxError."""
    for _, kind, text in environment.lex(source):
        if kind == "raw_begin":
            yield "tag raw"
        elif kind.endswith("_begin") and text.endswith("+"):
            yield f"mark {text}"
        elif kind == "float" and "e" in text.lower():
            yield f"number {text}"
        elif kind == "string" and (escape := _ESCAPE.search(text)):
            yield f"escape {escape[0]}"
    tree = environment.parse(source)
    macros = {"caller", *(macro.name for macro in tree.find_all(nodes.Macro))}
    for node in tree.find_all(nodes.Node):
        yield from _features_of(node, macros)


def _features_of(node: nodes.Node, macros: set[str]) -> Iterator[str]:
    if isinstance(node, nodes.Stmt) and not isinstance(node, _STATEMENTS):
        yield f"tag {type(node).__name__.lower()}"
    elif isinstance(node, nodes.For) and node.recursive:
        yield "tag for … recursive"
    elif isinstance(node, nodes.AssignBlock) and node.filter is not None:
        yield "tag set with a filter"
    elif isinstance(node, nodes.Name) and node.name in _JINJAS_OWN:
        yield f"name {node.name}"
    elif isinstance(node, nodes.FilterBlock) and isinstance(node.filter.node, nodes.Filter):
        yield "tag filter with several filters"
    elif isinstance(node, nodes.Tuple) and len(node.items) < 2:
        yield "tuple of fewer than two values"
    elif isinstance(node, nodes.Filter):
        yield f"filter {node.name}"
        place = _ATTRIBUTE_FILTERS.get(node.name)
        if place is not None and len(node.args) > place:
            test = node.args[place]
            if not isinstance(test, nodes.Const) or test.value not in ARGUED_TESTS:
                yield f"test {getattr(test, 'value', 'by a name that is computed')}"
    elif isinstance(node, nodes.Test):
        yield f"test {node.name}" + (" with an argument" if node.args or node.kwargs else "")
    elif isinstance(node, nodes.Call):
        if isinstance(node.node, nodes.Getattr):
            yield f"method {node.node.attr}"
        elif not isinstance(node.node, (nodes.Name, nodes.ExtensionAttribute)):
            yield "call of a value"
        elif isinstance(node.node, nodes.Name) and node.node.name not in macros:
            yield f"function {node.node.name}"
    elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
        yield f"attribute {node.attr}"
    elif isinstance(node, nodes.Compare) and len(node.ops) > 1:
        yield "comparison of more than two values"
