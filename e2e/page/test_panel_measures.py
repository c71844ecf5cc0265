"""The panel's measurements and what computes: percentiles, slow calls, WebGPU's verdict, steps down."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.page.test_panel import opened, part


def test_percentiles_are_shown_and_move_with_each_answer(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    panel = opened(page)
    table = part(panel, "measures").get_by_role("table")
    row = table.get_by_role("row", name="First word")
    expect(row.get_by_role("cell").nth(1)).to_have_text(re.compile(r"\d+\sms|[\d.]+\ss"))
    expect(row.get_by_role("cell").last).to_have_text("1")
    page.ask_and_wait("And at sunset?")
    expect(row.get_by_role("cell").last).to_have_text("2")
    expect(table.get_by_role("row", name="Speed")).to_contain_text("47 tokens/s")
    expect(part(panel, "measures")).to_contain_text("Slow answers: 0 of 2")


def test_a_breaker_that_opens_for_slow_answers_says_so(page: Visit) -> None:
    panel = opened(page)
    page.ask_and_wait("a sluggish answer")
    breaker = panel.locator("[data-breaker='model:scripted-model']")
    expect(breaker).to_have_attribute("data-state", "open")
    expect(breaker).to_contain_text("answered too slowly")
    expect(breaker).to_contain_text("83% slow")
    expect(part(panel, "measures")).to_contain_text("Slow answers: 1 of 1")


def test_why_there_is_no_webgpu_is_said(page: Visit) -> None:
    panel = opened(page)
    expect(part(panel, "compute")).to_contain_text("No WebGPU here: the browser offers no GPU.")


def test_the_gpus_verdict_limits_features_and_the_steps_down_are_shown(
    visit: Callable[..., Visit], folder: Path
) -> None:
    device = {
        "webgpu": True,
        "webgpu_name": "intel gen-12",
        "webgpu_features": ["shader-f16", "timestamp-query"],
        "webgpu_limits": {"maxBufferSize": 2_147_483_648},
    }
    step = {
        "kind": "backend",
        "from": "WebGPU",
        "to": "WASM, 2 threads",
        "reason_code": "device_lost",
        "reason": "Gone.",
    }
    verdict = {"model": "scripted-model", "session": "", "state": "slower", "speedup": 0.61, "kl": 0.001, "reason": ""}
    assembled.scenario(folder, stored=True, device=device, webgpu=[verdict], fallbacks=[step])
    compute = part(opened(visit().open()), "compute")
    expect(compute).to_contain_text("0.61 times the speed of WebAssembly, not clearly faster. Not used.")
    expect(compute.locator("[data-fallback]")).to_contain_text("WebGPU → WASM, 2 threads: Gone.")
    compute.get_by_text("What intel gen-12 offers").click()
    expect(compute.get_by_role("list", name="Limits")).to_contain_text("maxBufferSize2.1")
    expect(compute).to_contain_text("Features: shader-f16, timestamp-query")
