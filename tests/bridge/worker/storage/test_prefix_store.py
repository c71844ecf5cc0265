"""Records of kept prompts that another version of the app left, or nobody knows who."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge_in_node import Node, bridge

SCRIPT = """
globalThis.indexedDB = {};
const { PrefixStore, tooMany } = await import("./bridge/worker/storage/prefix-store.js");
async function answer({ keys, records, latest, budget }) {
  if (latest) return tooMany(keys, records, latest, budget);
  const store = new PrefixStore();
  store.database = { transact: async () => records };
  return store.all();
}
"""
FACTS: dict[str, Any] = {"model": "lite", "agent": "talker", "edition": "1", "rows": 3, "bytes": 10, "used": 5}
STRANGE: list[Any] = [
    None,
    "rows",
    7,
    {},
    {"key": "strange"},
    {**FACTS, "key": "strange", "rows": "3"},
    {**FACTS, "key": "strange", "bytes": None},
    {**FACTS, "key": "strange", "bytes": -(10**9)},
    {**FACTS, "key": "strange", "agent": 1},
    {**FACTS, "key": 3},
]


def kept(key: str, **changes: Any) -> dict[str, Any]:
    return {**FACTS, "key": key, **changes}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("prefixes"), SCRIPT) as node:
        yield node


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_record_of_ours_is_not_listed_and_goes_when_one_is_kept(store: Node, strange: Any) -> None:
    listed = store.ask({"records": [kept("a"), strange, kept("b")]})
    assert [row["key"] for row in listed] == ["a", "b"]
    keys = ["a", "strange", "b", "new"]
    records = [kept("a"), strange, kept("b"), kept("new")]
    assert store.ask({"keys": keys, "records": records, "latest": kept("new"), "budget": 100}) == ["strange"]


def test_the_budget_holds_whatever_lies_beside_what_is_kept(store: Node) -> None:
    keys = ["old", "strange", "late", "new"]
    records = [kept("old", used=1), {"key": "strange"}, kept("late", used=2), kept("new", used=3)]
    going = store.ask({"keys": keys, "records": records, "latest": kept("new", used=3), "budget": 25})
    assert going == ["old", "strange"]
