"""Reads YAML as plain data, without trusting it.

A recipe comes from anywhere. Its size and depth are bounded, aliases are refused (a few hundred
bytes of them can expand to gigabytes), as are tags, which name types, and keys that occur twice.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from model_foundry.errors import MalformedMerge

MAX_BYTES = 256 * 1024
MAX_DEPTH = 16

_SURROGATE = re.compile("[\ud800-\udfff]")
"""YAML can spell one alone; no file can be named or written with it."""

_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null"))


class _PlainLoader(yaml.SafeLoader):
    """The safe loader, with 1e-5 read as a number (YAML 1.1 asks for a dot in it)."""


_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def read_yaml(path: Path) -> dict[str, object]:
    """The mapping in ``path``. Raises MalformedMerge."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise MalformedMerge(f"the recipe {path} can't be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise MalformedMerge(f"the recipe {path.name} is larger than {MAX_BYTES // 1024} KiB")
    try:
        return parse_yaml(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedMerge(f"the recipe {path.name} isn't UTF-8 text") from error


def parse_yaml(text: str) -> dict[str, object]:
    """The mapping that ``text`` is. Raises MalformedMerge."""
    try:
        # Looked over as a stream of events first: no node is made of what is refused.
        depth = 0
        for event in yaml.parse(text, Loader=_PlainLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise MalformedMerge(f"the recipe uses an anchor or alias in {_place(event.start_mark)}: write it out")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise MalformedMerge(f"the recipe is nested deeper than {MAX_DEPTH} levels")
        loader = _PlainLoader(text)
        try:
            node = loader.get_single_node()
            _check(node)
            document = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise MalformedMerge(f"the recipe isn't YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict):
        raise MalformedMerge("the recipe isn't a mapping of keys to values")
    return document


def _check(node: yaml.Node | None) -> None:
    if node is None:
        return
    if node.tag not in _TAGS:
        raise MalformedMerge(f"the recipe has a value of the type {node.tag} in {_place(node.start_mark)}")
    if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
        raise MalformedMerge(f"a text has half of a character in {_place(node.start_mark)}")
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check(item)
    elif isinstance(node, yaml.MappingNode):
        seen = set[str]()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise MalformedMerge(f"a key isn't a text in {_place(key.start_mark)}")
            if key.value in seen:
                raise MalformedMerge(f"the key {key.value} stands twice in {_place(key.start_mark)}")
            seen.add(key.value)
            _check(key)
            _check(value)


def _place(mark: object) -> str:
    """The line number of a mark, which is PyYAML's own or its C library's."""
    line = getattr(mark, "line", None)
    return "the recipe" if line is None else f"line {line + 1}"
