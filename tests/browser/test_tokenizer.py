"""Of the tokens that an answer's detokenizer asks for again and again, JavaScript is asked once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest


class Asked:
    """The bridge's ChatTokenizer, played."""

    def __init__(self) -> None:
        self.specialTokens, self.asked = self, list[tuple[int, ...]]()

    def to_py(self) -> list[str]:
        return []

    def decode(self, ids: tuple[int, ...]) -> str:
        self.asked.append(tuple(ids))
        return "".join(f"<{token}>" for token in ids)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    before = set(sys.modules)
    package, ffi = ModuleType("pyodide"), ModuleType("pyodide.ffi")
    ffi.JsException = type("JsException", (Exception,), {})  # type: ignore[attr-defined]
    ffi.create_proxy, ffi.to_js = lambda call: call, lambda value: value  # type: ignore[attr-defined]
    for module in (package, ffi):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    yield importlib.import_module("orion_py.browser.tokenizer")
    for name in set(sys.modules) - before:
        if name.startswith("orion_py.browser"):
            del sys.modules[name]


def test_a_token_alone_and_a_pair_are_asked_for_once_and_longer_ones_each_time(browser: Any) -> None:
    bridge = Asked()
    tokenizer = browser.BrowserTokenizer(bridge)
    said = [tokenizer.decode(ids) for ids in ([5], [5, 6], [5], [6, 5], [5, 6], [5, 6, 7], [5, 6, 7])]
    assert said == ["<5>", "<5><6>", "<5>", "<6><5>", "<5><6>", "<5><6><7>", "<5><6><7>"]
    assert bridge.asked == [(5,), (5, 6), (6, 5), (5, 6, 7), (5, 6, 7)]
