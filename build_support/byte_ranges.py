"""Reads the byte range that a request asks for."""

from __future__ import annotations


def span_of(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open byte range that a ``Range`` header asks for; None to send the whole file.

    Several ranges, other units and malformed headers are answered with the whole file, as RFC 9110
    allows. A range that starts past the end gives (size, size).
    """
    if not header or not header.startswith("bytes=") or "," in header:
        return None
    first, dash, last = header[len("bytes=") :].strip().partition("-")
    if not dash or not (first or last) or not (first + last).isdecimal():
        return None
    if not first:
        return (max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return (min(int(first), size), min(int(last) + 1, size) if last else size)
