"""Describes errors of libraries in words for a person: one line, no errno, no links."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pydantic import ValidationError


KEY = "[key]"
"""What pydantic puts behind the key of a dictionary that is itself wrong."""


def reason(error: Exception) -> str:
    """Describes ``error`` in one line: a ValidationError by its first fault, an OSError by its file and the
    system's message, any other error by its first line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, ValueError) and hasattr(error, "errors"):
        return first_fault_text(cast("ValidationError", error))
    return str(error).partition("\n")[0] or type(error).__name__


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The path of the field, like "golden.0.text" or "" for the whole, and what is wrong with it."""
    fault = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(step) for step in fault["loc"] if step != KEY)
    return path, fault["msg"].removeprefix("Value error, ")


def first_fault_text(error: ValidationError) -> str:
    """``first_fault`` as one text: "temperature: Input should be less than or equal to 5"."""
    path, message = first_fault(error)
    return f"{path}: {message}" if path else message
