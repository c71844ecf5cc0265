"""Finds the examples that a request for a function gives, and makes assertions of them.

``>>> f(2)`` with its result below, ``f(2) -> 4``, ``f(2) == 4``, ``f(2) returns 4``: a call whose arguments and result
are Python literals. What isn't one is left out, so that nothing is tested that wasn't asked for.
"""

from __future__ import annotations

import ast
import re

MOST = 12
"""Examples that are used: more say no more."""
_DOCTEST = re.compile(r"^[ \t]*>>>[ \t]*(.+?)[ \t]*\n[ \t]*(?!>>>|\.\.\.)(\S.*?)[ \t]*$", re.MULTILINE)
_RESULT = re.compile(
    r"\s*(?:->|→|➞|=>|⇒|==|=|:|,?\s*(?:must |should |shall |will |doit |devrait )?"
    r"(?:returns?|gives?|is|equals?|yields?|be|renvoie|renvoyer|retourne|retourner|donne|donner|vaut|est|rend)\b"
    r"(?:\s+(?:be|to|égal à|to be))?)\s*"
)
_CALL = re.compile(r"\b([A-Za-z_]\w*)\(")
_ASSERT = re.compile(r"^[ \t]*assert\b.*$", re.MULTILINE)


def examples_in(text: str) -> list[str]:
    """The assertions that ``text`` implies, without repeats, in their order: ``assert f(2) == 4``."""
    found = [_assertion(call, result) for call, result in _DOCTEST.findall(text)]
    found += [line.strip() if _is_assertion(line.strip()) else None for line in _ASSERT.findall(text)]
    plain = _DOCTEST.sub("", _ASSERT.sub("", text))
    for match in _CALL.finditer(plain):
        call = _balanced(plain, match.start(), match.end() - 1)
        said = _RESULT.match(plain, match.start() + len(call)) if call else None
        if said is not None:
            found.append(_assertion(call, _literal(plain[said.end() :])))
    return list(dict.fromkeys(one for one in found if one))[:MOST]


def function_in(text: str) -> str:
    """The name of the function that ``text`` asks for, as a call, a ``def`` or after "function"; "" where it has
    none."""
    for pattern in (
        r"\bdef\s+([A-Za-z_]\w*)\s*\(",
        r"(?:function|fonction|method|méthode)\s+(?:called|named|appelée|nommée)?\s*[`'\"]?([A-Za-z_]\w*)[`'\"]?\s*\(",
        r"(?:called|named|appelée|nommée)\s+[`'\"]?([A-Za-z_]\w*)",
        r"[`'\"]([A-Za-z_]\w*)\(",
        r"\b([a-z_]\w*)\([a-z_][\w, ]*\)",
    ):
        found = re.search(pattern, text)
        if found:
            return found[1]
    return ""


def _assertion(call: str, result: str) -> str | None:
    try:
        tree = ast.parse(call.strip(), mode="eval").body
        value = ast.literal_eval(result.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or not _literal_arguments(tree):
        return None
    text = ast.unparse(tree)
    if isinstance(value, float):
        return f"assert abs({text} - {value!r}) < 1e-6"
    if value is None or isinstance(value, bool):
        return f"assert {text} is {value!r}"
    return f"assert {text} == {value!r}"


def _literal_arguments(call: ast.Call) -> bool:
    try:
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_assertion(line: str) -> bool:
    """Whether ``line`` is one assertion on a call, and no more."""
    try:
        tree = ast.parse(line).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return (
        len(tree) == 1
        and isinstance(tree[0], ast.Assert)
        and any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name) for node in ast.walk(tree[0].test))
    )


def assertions_in(text: str, function: str, most: int) -> list[str]:
    """The assertions on ``function`` that a model wrote, ``most`` at most."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line.startswith("assert") and _is_assertion(line) and f"{function}(" in line]
    return list(dict.fromkeys(found))[:most]


def _balanced(text: str, start: int, opening: int) -> str:
    """The call from ``start``, whose bracket opens at ``opening``, up to its end; "" where none is on the line."""
    depth, quote = 0, ""
    for place in range(opening, min(len(text), opening + 400)):
        character = text[place]
        if quote:
            quote = "" if character == quote and text[place - 1] != "\\" else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth == 0:
                return text[start : place + 1]
        elif character == "\n":
            return ""
    return ""


def _literal(text: str) -> str:
    """The longest literal that ``text`` begins with, on its line."""
    line = text.split("\n")[0].strip().strip("`").strip()
    ends = [len(line), *(match.start() for match in re.finditer(r"[\s,.;:)`!?]", line))]
    for end in sorted(set(ends), reverse=True):
        part = line[:end].strip().rstrip(".;,")
        try:
            ast.literal_eval(part)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return part
    return ""
