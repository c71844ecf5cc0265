"""Two real tabs on one database: settings, locks, and connections that the browser loses."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab
from e2e.support.waiting import until

ADD = """
    const shards = await lab.openShards();
    for (let count = 0; count < times; count += 1) {
      for (let found = { list: await shards.settings.read("list") }; ;) {
        const wanted = JSON.stringify([...JSON.parse(found.list ?? "[]"), `${name}${count}`]);
        const other = await shards.settings.swap(JSON.stringify(found), JSON.stringify({ list: wanted }));
        if (!other) break;
        found = JSON.parse(other);
      }
    }
"""
LOST = [
    ("InvalidStateError", "The database connection is closing."),
    ("UnknownError", "Connection to Indexed Database server lost. Refresh the page to try again"),
    ("UnknownError", "Attempt to get a record from database without an in-progress transaction"),
    ("AbortError", "The connection was closed."),
    ("NotFoundError", "One of the specified object stores was not found."),
    ("TransactionInactiveError", ""),
]


def test_two_tabs_that_add_to_one_list_at_once_lose_nothing(
    context: BrowserContext, lab: Lab, server: StaticServer
) -> None:
    other = Lab(context, server.url)
    lab.start(ADD, name="a", times=30)
    other.start(ADD, name="b", times=30)
    lab.result()
    other.result()
    kept = lab.run("return JSON.parse(await (await lab.openShards()).settings.read('list'))")
    assert sorted(kept) == sorted(f"{name}{count}" for name in "ab" for count in range(30))


def test_several_settings_change_together_or_not_at_all(lab: Lab) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        await shards.settings.swap('{"a": null, "b": null}', '{"a": "1", "b": "2"}');
        const refused = await shards.settings.swap('{"a": "1", "b": "old"}', '{"a": null, "c": "3"}');
        return { refused: JSON.parse(refused), names: await shards.settings.names("") };
        """
    )
    assert answer == {"refused": {"a": "1", "b": "2"}, "names": ["a", "b"]}


@pytest.mark.parametrize("midway", [False, True])
@pytest.mark.parametrize(("name", "message"), LOST)
def test_a_lost_connection_is_made_again_whatever_the_browser_calls_it(
    lab: Lab, name: str, message: str, midway: bool
) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        lab.losesTheDatabase(name, message, 1, midway);
        const written = await lab.attempt(shards.settings.write("a", "1"));
        lab.losesTheDatabase(name, message, 1, midway);
        return { written, read: await lab.attempt(shards.settings.read("a")) };
        """,
        name=name,
        message=message,
        midway=midway,
    )
    assert answer == {"written": {"value": None}, "read": {"value": "1"}}


def test_a_database_that_stays_lost_is_unavailable_and_nobodys_cancel(lab: Lab) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        lab.losesTheDatabase("AbortError", "", 1000);
        return { code: (await lab.attempt(shards.settings.write("a", "1"))).code, sizes: await shards.sizes() };
        """
    )
    assert answer == {"code": "storage_unavailable", "sizes": {}}


def test_a_full_disk_is_not_taken_for_a_lost_connection(lab: Lab) -> None:
    answer = lab.run(
        """
        const shards = await lab.openShards();
        lab.losesTheDatabase("QuotaExceededError", "", 1);
        return (await lab.attempt(shards.settings.write("a", "1"))).code;
        """
    )
    assert answer == "quota_exceeded"


HOLD = """
    globalThis.tabs ??= new lab.Tabs();
    globalThis.heard ??= [];
    globalThis.tabs.listen((note) => globalThis.heard.push(note));
    globalThis.release = await globalThis.tabs.hold("orion-leader");
    return "leads";
"""


def test_one_tab_leads_and_another_takes_over_when_it_is_closed(
    context: BrowserContext, lab: Lab, server: StaticServer
) -> None:
    assert lab.run(HOLD) == "leads"
    assert lab.run("return tabs.alone()")
    other = Lab(context, server.url)
    other.start(HOLD)
    other.page.wait_for_timeout(100)
    assert not lab.run("return tabs.alone()")
    lab.run("tabs.post('hello')")
    until(other.page, "it heard", lambda: other.page.evaluate("heard.includes('hello')"))
    assert lab.run("return heard") == [], "nobody hears itself"
    lab.page.close()
    assert other.result() == "leads"
    until(other.page, "it is alone", lambda: other.page.evaluate("tabs.alone()"))


def test_who_waits_for_a_lock_can_be_called_off(context: BrowserContext, lab: Lab, server: StaticServer) -> None:
    lab.run(HOLD)
    other = Lab(context, server.url)
    answer = other.run(
        """
        const controller = new AbortController();
        const waiting = lab.attempt(new lab.Tabs().hold("orion-leader", controller.signal));
        controller.abort();
        return (await waiting).code;
        """
    )
    assert answer == "cancelled"
