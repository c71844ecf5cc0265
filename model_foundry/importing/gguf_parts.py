"""Finds the files of a split GGUF from any one of them.

llama.cpp's ``gguf-split`` (tools/gguf-split) writes ``<name>-00001-of-00003.gguf`` and so on. Each part
says ``split.no``, ``split.count`` and ``split.tensors.count``; the metadata is in the first one.
"""

from __future__ import annotations

import re
from pathlib import Path

from model_foundry.errors import MalformedGguf

NUMBER, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"
MAX_PARTS = 1024

_NAME = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE | re.DOTALL)


def part_paths(path: Path, number: int, count: int) -> list[Path]:
    """All ``count`` parts of the split GGUF that ``path`` is part ``number`` (from 0) of, in order.

    Raises MalformedGguf, which says what is missing, unless every part lies beside ``path``.
    """
    if not 2 <= count <= MAX_PARTS or not 0 <= number < count:
        raise MalformedGguf(f"{path.name} claims to be part {number + 1} of {count}")
    said = f"{path.name} is part {number + 1} of {count} of a split GGUF"
    merging = "or join them with llama.cpp's llama-gguf-split --merge"
    name = _NAME.fullmatch(path.name)
    if name is None or int(name["number"]) != number + 1 or int(name["count"]) != count:
        wanted = f"<name>-{number + 1:05}-of-{count:05}.gguf"
        raise MalformedGguf(f"{said}, and its name doesn't tell where the others are: call it {wanted}, {merging}")
    suffix = path.suffix
    paths = [path.with_name(f"{name['stem']}-{index:05}-of-{count:05}{suffix}") for index in range(1, count + 1)]
    missing = [other.name for other in paths if not other.is_file()]
    if missing:
        raise MalformedGguf(f"{said}; {', '.join(missing[:3])} isn't there: put all parts into one folder, {merging}")
    return paths
