"""What the real engine measures reaches the page: the first word's time, percentiles, WebGPU's verdict, its own log."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from e2e.support.person import Person

QUESTION = "What is the capital of France?"


def panel_of(person: Person) -> Locator:
    person.page.get_by_role("button", name="Engine", exact=True).click()
    panel = person.page.get_by_role("complementary", name="Engine")
    expect(panel.locator("[data-part=measures] table")).to_be_visible()
    return panel


def milliseconds(text: str) -> float:
    """Of "340 ms" or "1.4 s", wherever in ``text``."""
    found = re.search(r"([\d.]+)\s*(ms|s)\b", text)
    assert found, text
    return float(found[1]) * (1000 if found[2] == "s" else 1)


def test_the_time_to_the_first_word_is_measured_and_shown(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    answer = regular.asks(QUESTION)
    answer.succeeds()
    shown = milliseconds(answer.fact("first-token").inner_text())
    assert 0 < shown < 60_000
    panel = panel_of(regular)
    row = panel.locator("[data-measure=first_token]")
    assert abs(milliseconds(row.locator("td").first.inner_text()) - shown) <= max(100.0, shown * 0.1)
    expect(row.locator("td").last).to_have_text("1")
    expect(panel.locator("[data-measure=loading]")).to_be_visible()
    expect(panel.locator("[data-measure=tokens_per_second]")).to_contain_text("tokens/s")
    expect(panel.locator("[data-part=measures]")).to_contain_text("Slow answers: ")
    regular.asks("And of Italy?").succeeds()
    expect(row.locator("td").last).to_have_text("2")


def test_webgpus_verdict_stands_on_the_page_with_its_reason(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    regular.asks(QUESTION).succeeds()
    compute = panel_of(regular).locator("[data-part=compute]")
    verdict = compute.locator("[data-verdict]")
    expect(verdict).to_have_count(1)
    has_gpu = regular.page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())")
    if has_gpu:
        assert verdict.get_attribute("data-verdict") in (
            "software",
            "slower",
            "serves",
            "preferred",
            "untried",
            "checked",
        )
    else:
        expect(verdict).to_have_attribute("data-verdict", "absent")
        expect(verdict).to_contain_text(re.compile(r"No WebGPU here: .+\."))
    expect(compute.locator("[data-computes]")).to_contain_text("Orion’s kernel, 2 threads")


def test_the_real_engines_log_is_on_the_page_with_performance_and_memory(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    panel = panel_of_log(regular)
    regular.asks(QUESTION).succeeds()
    rows = panel.locator("#log-rows li")
    expect(rows.filter(has_text="answered")).to_have_count(1)
    expect(rows.filter(has_text="state")).not_to_have_count(0)
    panel.get_by_label("Kind of record").select_option("performance")
    expect(rows.filter(has_text="inference")).to_have_count(1)
    expect(rows.filter(has_text="answered")).to_have_count(0)
    expect(rows.filter(has_text="inference")).to_contain_text(re.compile(r"ms=[\d.]+\s?(ms|s)"))
    panel.get_by_label("Kind of record").select_option("memory")
    expect(rows.first).to_contain_text(re.compile(r"models .*bytes=[\d.]+\s?MB"))
    with regular.page.expect_download() as download:
        panel.get_by_role("button", name="Export JSON").click()
    records = json.loads(Path(download.value.path()).read_text())["records"]
    inference = next(record for record in records if record["event"] == "inference")
    of_request = [record["event"] for record in records if record.get("request") == inference["request"]]
    assert {"load", "inference", "answered"} <= set(of_request)
    assert QUESTION not in json.dumps(records)


def panel_of_log(person: Person) -> Locator:
    person.page.get_by_role("button", name="Engine", exact=True).click()
    panel = person.page.get_by_role("complementary", name="Engine")
    expect(panel.locator("#log-rows li").first).to_be_visible()
    return panel
