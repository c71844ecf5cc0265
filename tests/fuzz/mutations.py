"""Ways to damage a file: bytes, numbers, lengths, pieces, and values inside its JSON or YAML."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

import yaml

INTERESTING = (0, 1, 2, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1)
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, float("nan"), float("inf"), "", "x",
    "../x", "/etc/passwd", "\ud800", "\0", "é" * 40, "9" * 400, [], {}, [[]], [None], {"": None}, [-1], ["x"],
    [2**40] * 9,
)  # fmt: skip
YAML_PIECES = (
    "&a ", "*a", "<<: *a", "!!python/object/apply:os.system [x]", "!!set {a}", "!!binary aGk=", "!x ", "---\n",
    "%YAML 9.9\n---\n", "...\n", "? ", "- ", ": ", "{", "}", "[", "]", "|\n  ", ">-\n ", "'", '"', "#", "\t", "\0",
    "\ufeff", "\x85", "\u2028", "~", "null", "yes", ".nan", "-.inf", "1e999", "1_000", "0x1F", "0o7", "1:30:00", "=",
    "2020-01-01", "0b1", '"\\ud800"', '"\\U00110000"', "9" * 5000, "[" * 200, "{a: " * 200, "- " * 200, "[0, " * 3000,
)  # fmt: skip
"""What YAML gives a meaning to, and texts that a parser may take too long over."""
HEADER = 16_384
"""Most of what a parser believes stands in a file's first bytes."""


def mutated(random: Random, data: bytes, other: bytes) -> bytes:
    """``data`` after one to four changes; ``other`` is a second file to take pieces from."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        data = random.choice(_BYTES)(random, data, other) if data else other
    return data


def mutated_json(random: Random, text: bytes) -> bytes:
    """JSON with some values replaced, removed, doubled, moved or renamed; it stays JSON."""
    value = json.loads(text)
    for _ in range(random.choice((1, 1, 2, 3))):
        _change(random, value)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def mutated_yaml(random: Random, text: bytes) -> bytes:
    """YAML with another number, values changed as in JSON, pieces of its syntax put in, or lines moved."""
    kind = random.random()
    if kind < 0.25:  # the only change that a recipe often survives: it goes on to be planned
        number = random.choice(list(re.finditer(rb"\d+(\.\d+)?", text)))
        other = random.choice((b"0", b"1", b"2", b"3", b"-1", b"0.25", b"1e-300", b"1e308", b"4", b"true", b"[0, 1]"))
        return text[: number.start()] + other + text[number.end() :]
    if kind < 0.5:
        value = yaml.safe_load(text)
        for _ in range(random.choice((1, 1, 2, 3))):
            _change(random, value)
        # Never with aliases, which are refused at once: twice the same list is written out.
        return _Plain.dump_text(value, random.choice((None, True, False))).encode("utf-8", "surrogatepass")
    lines = text.decode().splitlines(keepends=True)
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(lines))
        if kind < 0.8:
            line, place = lines[at], random.randrange(len(lines[at]) + 1)
            lines[at] = line[:place] + random.choice(YAML_PIECES) + line[place:]
        else:
            line = random.choice((lines[at], lines.pop(at) if len(lines) > 1 else "", " " * random.randrange(9)))
            lines.insert(random.randrange(len(lines) + 1), line * random.choice((1, 1, 2, 500)))
    return "".join(lines).encode("utf-8", "surrogatepass")


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    @classmethod
    def dump_text(cls, value: Any, flow: bool | None) -> str:
        return str(yaml.dump(value, Dumper=cls, default_flow_style=flow, allow_unicode=True))


def mutated_safetensors(random: Random, data: bytes) -> bytes:
    """A safetensors file whose header was changed as JSON, and whose header's length is right."""
    length = struct.unpack("<Q", data[:8])[0]
    header = mutated_json(random, data[8 : 8 + length])
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def _change(random: Random, value: Any) -> None:
    """Changes one place somewhere below ``value``."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = random.choice(keys)
        inner = value[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.7:
            value = inner
            continue
        kind = random.random()
        if kind < 0.6:
            value[key] = deepcopy(random.choice(VALUES)) if random.random() < 0.7 else _near(random, inner)
        elif kind < 0.75:
            del value[key]
        elif kind < 0.9:
            value[key] = deepcopy(value[random.choice(keys)])
        elif isinstance(value, dict):
            value[str(random.choice(VALUES))] = value.pop(key)
        else:
            value.insert(key, deepcopy(inner))
        return


def _near(random: Random, value: Any) -> Any:
    if type(value) is int:
        return value + random.choice((-1, 1, 2, 1000, -value, -2 * value, 2**32))
    return value * 2 if isinstance(value, str) else [value]


def _place(random: Random, data: bytes) -> int:
    return random.randrange(min(len(data), HEADER) if random.random() < 0.9 else len(data))


def _flip(random: Random, data: bytes, other: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _byte(random: Random, data: bytes, other: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _number(random: Random, data: bytes, other: bytes) -> bytes:
    size, layout = random.choice(((1, "B"), (2, "<H"), (4, "<I"), (8, "<Q")))
    at, value = _place(random, data), random.choice(INTERESTING) % 2 ** (8 * size)
    return data[:at] + struct.pack(layout, value) + data[at + size :]


def _truncate(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: _place(random, data)]


def _remove(random: Random, data: bytes, other: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + random.choice((1, 2, 4, 8, 64, 512)) :]


def _insert(random: Random, data: bytes, other: bytes) -> bytes:
    at, count = _place(random, data), random.choice((1, 2, 4, 8, 64))
    return data[:at] + random.choice((random.randbytes(count), bytes(count), b"\xff" * count)) + data[at:]


def _repeat(random: Random, data: bytes, other: bytes) -> bytes:
    at, count = _place(random, data), random.choice((1, 8, 64, 512))
    return data[: at + count] + data[at : at + count] * random.choice((1, 2, 200)) + data[at + count :]


def _splice(random: Random, data: bytes, other: bytes) -> bytes:
    at, start = _place(random, data), _place(random, other) if other else 0
    return data[:at] + other[start : start + random.choice((8, 64, 4096))] + data[at + random.choice((0, 8, 64)) :]


def _inflate(random: Random, data: bytes, other: bytes) -> bytes:
    """A count that doesn't lie: as many zeros are there, which a parser may make large objects of.

    Chosen among what looks like a GGUF array: the type 9, the elements' type, then the count.
    """
    head = data[:HEADER]
    places = [at for at in range(8, len(head) - 8) if head[at - 8 : at - 4] == b"\x09\0\0\0" and head[at - 4] < 13]
    at = random.choice(places) if places else _place(random, data)
    count, width = random.choice((2**16, 2**18, 2**20)), random.choice((1, 4, 4, 8))
    old = struct.unpack_from("<Q", data, at)[0] if places else 0
    return data[:at] + struct.pack("<Q", old + count) + bytes(count * width) + data[at + 8 :]


_BYTES: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (
    _flip, _byte, _number, _number, _number, _truncate, _remove, _insert, _repeat, _splice, _inflate,
)  # fmt: skip
