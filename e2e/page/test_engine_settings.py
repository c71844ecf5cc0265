"""Profiles, switches and local counts: chosen here, told to the engine, there again at the next visit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def engines(page: Visit) -> dict[str, Any]:
    """The scripted engine's configuration; the settings are open."""
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Save the technical log").click()
    told: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    return told


def test_a_profile_is_applied_at_once_and_at_the_next_visit(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    profile = page.page.get_by_label("Profile")
    expect(profile).to_have_value("auto")
    expect(page.page.get_by_text("Now: “Everyday”, 4.0 GB for models.")).to_be_visible()
    profile.select_option("low_end")
    page.page.get_by_text("Advanced", exact=True).click()
    expect(page.page.get_by_label("Trained router")).not_to_be_checked()
    expect(page.page.get_by_text("2.0 GB for models, one agent at a time")).to_be_visible()
    assert engines(page)["preset"] == "low_end"
    page.page.reload()
    page.wait()
    page.page.get_by_role("button", name="Settings").click()
    expect(profile).to_have_value("low_end")
    assert engines(page)["preset"] == "low_end"


def test_single_settings_differ_from_the_profile_until_another_is_chosen(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Guardrails").uncheck()
    page.page.get_by_text("Advanced", exact=True).click()
    page.page.get_by_label("Detailed technical log").check()
    config = engines(page)["config"]
    assert (config["enable_guardrails"], config["verbose_logging"], config["use_neural_router"]) == (False, True, True)
    page.page.reload()
    page.wait()
    page.page.get_by_role("button", name="Settings").click()
    expect(page.page.get_by_label("Guardrails")).not_to_be_checked()
    page.page.get_by_label("Profile").select_option("production")
    expect(page.page.get_by_label("Guardrails")).to_be_checked()
    assert engines(page)["config"]["enable_guardrails"] is True


def test_what_computes_is_chosen_and_kept(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_text("Advanced", exact=True).click()
    runner = page.page.get_by_label("Computes with")
    expect(runner).to_have_value("auto")
    runner.select_option("Orion’s own kernel")
    assert engines(page)["config"]["runner"] == "kernel"
    memory = page.page.get_by_label("Memory for the conversation")
    expect(memory).to_have_value("auto")
    memory.select_option("Half the size (8 bits)")
    assert engines(page)["config"]["cache_bits"] == "8"
    page.page.reload()
    page.wait()
    page.page.get_by_role("button", name="Settings").click()
    expect(runner).to_have_value("kernel")
    expect(memory).to_have_value("8")
    told = engines(page)["config"]
    assert (told["runner"], told["cache_bits"]) == ("kernel", "8")


def test_counting_is_off_and_can_be_seen_exported_and_erased_once_on(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_text("Advanced", exact=True).click()
    counting = page.page.get_by_label("Count what is used, on this device only")
    expect(counting).not_to_be_checked()
    see = page.page.get_by_role("button", name="See the counts")
    expect(see).to_be_hidden()
    counting.check()
    see.click()
    expect(page.page.locator("#telemetry-counts")).to_contain_text("answered.agent.conversation")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Export them").click()
    assert json.loads(Path(download.value.path()).read_text())["answered"] == 2
    page.page.get_by_role("button", name="Erase them").click()
    expect(page.page.get_by_text("Nothing has been counted yet.")).to_be_visible()
    counting.uncheck()
    expect(see).to_be_hidden()
    assert page.foreign() == []


def test_a_profile_chosen_while_the_engine_boots_holds_for_this_visit(
    visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, stored=True, bootMs=6000)
    page = visit()
    page.page.goto(page.url)
    page.page.locator("html[data-busy]").wait_for(state="attached")
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Profile").select_option("low_end")
    page.wait()
    expect(page.page.get_by_label("Trained router")).not_to_be_checked()
    told = engines(page)
    assert told["preset"] == "low_end"
    assert told["asked"][:2] == ["initialize", "configure"]
