"""What the engine's start reads of its settings at once, while this tab and another one write."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab

WRITE = "await (await lab.openShards()).settings.write(key, value)"
AHEAD = """
    const { settings } = await lab.openShards({ ahead: true });
    await settings.ahead;
    const other = (await lab.openShards()).settings; // as another tab has it
"""


def test_each_setting_is_read_once_from_what_was_read_ahead(lab: Lab) -> None:
    lab.run(WRITE, key="a", value="1")
    read = lab.run(AHEAD + "await other.write('a', '2'); return [await settings.read('a'), await settings.read('a')];")
    assert read == ["1", "2"]


def test_a_setting_that_was_never_set_is_null_ahead_too(lab: Lab) -> None:
    assert lab.run(AHEAD + "return settings.read('nothing');") is None


def test_what_this_tab_writes_or_removes_is_read_anew(lab: Lab) -> None:
    for key in "abc":
        lab.run(WRITE, key=key, value="1")
    read = lab.run(
        AHEAD
        + """
        await settings.write("a", "2");
        await settings.remove("b");
        await settings.swap('{"c": "1"}', '{"c": "3"}');
        return Promise.all(["a", "b", "c"].map((key) => settings.read(key)));
        """
    )
    assert read == ["2", None, "3"]


def test_once_forgotten_everything_is_read_anew(lab: Lab) -> None:
    lab.run(WRITE, key="a", value="1")
    read = lab.run(AHEAD + "await other.write('a', '2'); settings.forget(); return settings.read('a');")
    assert read == "2"


def test_a_read_that_waits_for_it_doesnt_take_what_was_forgotten_meanwhile(
    context: BrowserContext, lab: Lab, server: StaticServer
) -> None:
    Lab(context, server.url).run(WRITE, key="a", value="1")
    read = lab.run(
        """
        const { settings } = await lab.openShards({ ahead: true });
        settings.ahead = settings.ahead.then((found) => { settings.forget(); return new Map([["a", "stale"]]); });
        return settings.read("a");
        """
    )
    assert read == "1"
