"""Translates JavaScript's errors into ours: a bridge error carries one of our codes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyodide.ffi import JsException

from orion_py.browser.values import plain
from orion_py.errors import OrionError, RuntimeFailure, from_code


def translate(error: JsException) -> OrionError:
    """The OrionError that a JavaScript error stands for; without a code, RuntimeFailure."""
    code = getattr(error, "code", None)
    message = str(getattr(error, "message", "") or error)
    if not isinstance(code, str):
        return RuntimeFailure(message)
    detail = getattr(error, "detail", None)
    facts = plain(detail.to_py()) if detail is not None and hasattr(detail, "to_py") else {}
    return from_code(code, message, **(facts if isinstance(facts, dict) else {}))


@contextmanager
def translated() -> Iterator[None]:
    """Raises OrionError where JavaScript threw."""
    try:
        yield
    except JsException as error:
        raise translate(error) from None
