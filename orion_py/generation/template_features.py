"""Lists what chat templates may use: the features that jinja2 and the page's evaluator implement identically.

Templates are jinja2 as transformers has it (https://huggingface.co/docs/transformers/chat_templating_writing):
its sandbox, loop controls, the ``generation`` tag, its own ``tojson``, ``raise_exception`` and
``strftime_now``. The page evaluates them in web/bridge/worker/chat-template/template.js. A template that uses anything
else is refused when its model is added, by name, instead of writing another prompt there.
"""

from __future__ import annotations

from collections.abc import Iterable

from orion_py.errors import UnsupportedModel

FILTERS = frozenset(
    {
        "abs",
        "capitalize",
        "count",
        "d",
        "default",
        "dictsort",
        "first",
        "float",
        "indent",
        "int",
        "items",
        "join",
        "last",
        "length",
        "list",
        "lower",
        "map",
        "reject",
        "rejectattr",
        "replace",
        "reverse",
        "safe",
        "select",
        "selectattr",
        "sort",
        "string",
        "title",
        "tojson",
        "trim",
        "unique",
        "upper",
    }
)
TESTS = frozenset(
    {
        "boolean",
        "callable",
        "defined",
        "even",
        "false",
        "float",
        "integer",
        "iterable",
        "lower",
        "mapping",
        "none",
        "number",
        "odd",
        "sequence",
        "string",
        "true",
        "undefined",
        "upper",
    }
)
"""Without an argument; with one they are known as words of ``selectattr`` and its like (``ARGUED_TESTS``)."""
ARGUED_TESTS = TESTS | {"equalto", "eq", "==", "ne", "!=", "in"}
METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "get",
        "items",
        "join",
        "keys",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
        "values",
    }
)
FUNCTIONS = frozenset({"namespace", "raise_exception", "range", "strftime_now"})

_KNOWN = {"filter": FILTERS, "test": TESTS, "method": METHODS, "function": FUNCTIONS}


def refuse_unknown(features: Iterable[str]) -> None:
    """``features`` as "kind name" ("filter tojson"); a kind that isn't known is refused whatever its name.

    Raises UnsupportedModel, which names the first that isn't known.
    """
    for feature in features:
        kind, _, name = feature.partition(" ")
        if name not in _KNOWN.get(kind, ()):
            raise UnsupportedModel(
                f"The model's chat template uses the {feature[:80]}, which isn't known here.", feature=feature[:80]
            )
