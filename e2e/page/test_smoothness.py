"""A flood of events is drawn in frames, and what is drawn already stays. (What it costs is ``bench load``'s.)"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

WATCH = """(selector) => {
  const seen = window.drawings = { most: 0, frames: 0 };
  let here = 0;
  const inside = ({ target }) => (target.closest ? target : target.parentElement)?.closest(selector);
  new MutationObserver((changes) => { here += changes.some(inside) ? 1 : 0; }).observe(
    document.body, { subtree: true, childList: true, characterData: true });
  const frame = () => {
    if (here) seen.frames += 1;
    seen.most = Math.max(seen.most, here);
    here = 0;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""
"""Counts how often such an element changed between two frames: once for each turn of the event loop that changed
one. It may be there only later, so that the watch begins before what is watched does."""


def drawn_in_frames(page: Page, events: int) -> None:
    """Never twice in a frame, and far fewer times than there were events."""
    seen: dict[str, int] = page.evaluate("window.drawings")
    assert seen["most"] == 1, seen
    assert 3 < seen["frames"] < events / 2, seen


def test_a_flood_of_tokens_is_drawn_in_frames_and_finished_paragraphs_stay(
    visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, bytesPerSecond=600e6, tickMs=8, shards=24)
    page = visit().open()
    page.page.evaluate(WATCH, "article[data-role=assistant] .answer")
    page.ask("flood me")  # some 2,000 pieces at 2,000 a second
    page.answer.locator(".answer h2").first.wait_for()
    first = page.answer.locator(".answer h2").first.element_handle()
    page.state("success")
    drawn_in_frames(page.page, events=1500)
    assert first.evaluate("node => node.isConnected")
    expect(page.answer.locator(".answer h2")).to_have_count(12)


def test_a_long_conversation_comes_back_whole(page: Visit) -> None:
    page.ask_and_wait("flood me")
    page.ask_and_wait("Another that reverses")
    page.page.reload()
    page.wait()
    articles = page.page.locator("article[data-role=assistant] .answer")
    expect(articles).to_have_count(2)
    expect(articles.first.locator("h2")).to_have_count(12)
    expect(articles.last.locator("h2")).to_have_count(1)
