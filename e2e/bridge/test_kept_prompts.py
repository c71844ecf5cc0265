"""Read prompts in a real IndexedDB: kept, read back whole, made room for, dropped where they are damaged."""

from __future__ import annotations

from e2e.bridge.conftest import Lab

KEEP = """
    const { PrefixStore } = await import("./bridge/worker/storage/prefix-store.js");
    const store = new PrefixStore();
    const facts = (key, more) => ({ key, model: "lite", agent: "talker", edition: "1", rows: 3, ...more });
    const bytes = (length) => Uint8Array.from({ length }, (_, index) => (7 * index) % 251);
    const keys = async () => (await store.all()).map(({ key }) => key).sort();
    const change = (work) => store.database.transact(["prefixes"], "readwrite", (t) => work(t.objectStore("prefixes")));
    const alter = (key, changes) => change((kept) => {
      const request = kept.get(key);
      request.onsuccess = () => kept.put({ ...request.result, ...changes }, key);
    });
"""


def test_what_is_kept_is_read_back_by_another_connection_and_listed_without_its_bytes(lab: Lab) -> None:
    found = lab.run(
        KEEP
        + """
        const kept = await store.keep(facts("a"), bytes(3000), 10_000);
        const read = await new PrefixStore().read("a", 3000, 1000);
        return { kept, same: read.every((value, index) => value === bytes(3000)[index]), all: await store.all(),
                 other: await store.read("b", 3000, 1000) };
        """
    )
    row = {"key": "a", "model": "lite", "agent": "talker", "edition": "1", "rows": 3, "bytes": 3000}
    assert found == {"kept": 3000, "same": True, "all": [row], "other": None}


def test_what_is_damaged_or_of_another_browser_is_dropped_silently(lab: Lab) -> None:
    found = lab.run(
        KEEP
        + """
        const broken = bytes(3000);
        broken[2999] ^= 1;
        const faults = {
          flipped: { data: new Blob([broken]) }, short: { data: new Blob([bytes(2999)]) }, none: { data: undefined },
          text: { data: "rows" }, hash: { sha256: "0" }, browser: { browser: "another" },
        };
        const read = {};
        for (const [name, fault] of Object.entries(faults)) {
          await store.keep(facts(name), bytes(3000), 100_000);
          await alter(name, fault);
          read[name] = await store.read(name, 3000, 1000);
        }
        await store.keep(facts("layout"), bytes(3000), 100_000);
        read.layout = await store.read("layout", 2000, 1000);
        return { read: Object.values(read), left: await keys() };
        """
    )
    assert found == {"read": [None] * 7, "left": []}


def test_what_was_used_longest_ago_makes_room_and_so_do_other_editions(lab: Lab) -> None:
    found = lab.run(
        KEEP
        + """
        for (const key of "abc") await store.keep(facts(key), bytes(1000), 3000);
        const day = 24 * 3600 * 1000;
        await alter("a", { used: Date.now() - 3 * day });
        await alter("b", { used: Date.now() - 2 * day });
        await store.read("a", 1000, 1000);
        for (let tries = 0; tries < 100; tries += 1) {
          const [used] = await change((kept) => kept.getAll("a")).then((rows) => rows.map((row) => row.used));
          if (Date.now() - used < day) break;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await store.keep(facts("d"), bytes(1000), 3000);
        const used = await keys();
        await store.keep(facts("other", { model: "full", edition: "2" }), bytes(10), 9000);
        await store.keep(facts("next", { edition: "2" }), bytes(10), 9000);
        const large = await store.keep(facts("large", { edition: "2" }), bytes(9001), 9000);
        await store.drop(["other"]);
        return { used, large, left: await keys() };
        """
    )
    assert found == {"used": ["a", "c", "d"], "large": 0, "left": ["next"]}


def test_a_browser_without_a_database_keeps_nothing_and_says_nothing(lab: Lab) -> None:
    found = lab.run(
        KEEP
        + """
        const open = IDBFactory.prototype.open;
        IDBFactory.prototype.open = () => { throw new DOMException("private", "SecurityError"); };
        const refused = new PrefixStore("refused");
        const kept = await refused.keep(facts("a"), bytes(10), 100);
        const said = [kept, await refused.read("a", 10, 1000), await refused.all()];
        IDBFactory.prototype.open = open;
        return said;
        """
    )
    assert found == [0, None, []]
