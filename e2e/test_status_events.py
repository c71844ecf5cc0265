"""The page gets the real engine's status once, and then its changes: what crosses the border of the engine's worker."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from e2e.support.person import Person
from e2e.support.waiting import until
from e2e.support.workshop import Workshop

RECORD = """
window.traffic = [];
const note = (way, data) => {
  for (const text of [data].flat()) if (typeof text === "string") window.traffic.push({ way, ...JSON.parse(text) });
};
window.Worker = class extends Worker {
  constructor(script, options) {
    super(script, options);
    this.engine = options?.name?.includes("engine");
    if (this.engine) this.addEventListener("message", ({ data }) => note("in", data));
  }
  postMessage(data, ...more) {
    if (this.engine) note("out", data);
    super.postMessage(data, ...more);
  }
};
"""
Message = dict[str, Any]


def traffic(person: Person, way: str, *, without: tuple[str, ...] = ()) -> list[Message]:
    """Since the last ``forget``."""
    found: list[Message] = person.page.evaluate("way => window.traffic.filter((each) => each.way === way)", way)
    return [message for message in found if message["type"] not in without]


def forget(person: Person) -> None:
    """From now on only what is new counts: what an earlier change leaves is through."""
    person.page.wait_for_timeout(300)
    person.page.evaluate("() => { window.traffic.length = 0; }")


def types(messages: list[Message]) -> list[str]:
    return [message["type"] for message in messages]


def test_an_answer_with_the_panel_open_and_an_edited_agent_bring_their_changes_unasked(regular: Person) -> None:
    regular.page.add_init_script(RECORD)
    regular.opens()
    regular.waits_for_the_model()
    asked = types(traffic(regular, "out", without=("anticipate",)))
    assert asked[0] == "initialize"
    assert not {"status", "storage"} & set(asked)

    forget(regular)
    regular.page.get_by_role("button", name="Engine", exact=True).click()
    panel = regular.page.get_by_role("complementary", name="Engine")
    expect(panel.locator("[data-part=memory] [data-model]")).to_have_count(1)
    expect(panel.locator("[data-part=compute] [data-computes]")).to_have_count(1)
    assert types(traffic(regular, "out")) == ["logs"]

    forget(regular)
    regular.asks("What is the capital of France?").succeeds()
    until(regular.page, "the breakers have counted it", lambda: changes(regular, "breakers"))
    regular.page.wait_for_timeout(500)
    assert types(traffic(regular, "out", without=("anticipate",))) == ["infer"]
    assert len(changes(regular, "breakers")) == 1
    expect(panel.locator("[data-breaker]")).not_to_have_count(0)

    workshop = Workshop(regular.page)
    workshop.begins()
    workshop.writes("Sea captain", "You are an old sea captain.", "Which knot holds a boat?")
    workshop.saves()
    workshop.row("Sea captain").click()
    forget(regular)
    workshop.writes("Sea captain", "You are a young sea captain.", "Which knot holds a boat?")
    workshop.saves()
    regular.page.wait_for_timeout(500)
    assert types(traffic(regular, "out", without=("anticipate",))) == ["agent.register"]
    heard = traffic(regular, "in", without=("log", "memory", "queue"))
    assert [each["type"] for each in heard if "agents" in each.get("parts", {}) or each["type"] == "agent"] == [
        "agent",
        "changed",
    ]
    assert [made["prompt"] for made in changes(regular, "custom")[-1]["custom"]] == ["You are a young sea captain."]


def changes(person: Person, part: str) -> list[Message]:
    """The parts that came together with ``part``."""
    return [each["parts"] for each in traffic(person, "in") if part in each.get("parts", {})]
