"""Each answer under way has a progressbar of its own, which moves with it and goes when it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_the_progressbar_of_an_answer_moves_with_it(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, tokensPerSecond=25, pauseAt=0.6)
    page = visit().open()
    page.ask("Why is the sky blue?")
    bar = page.answer.get_by_role("progressbar", name="Progress of this answer")
    expect(bar).to_be_visible()
    page.state("streaming")
    values = [float(bar.evaluate("bar => bar.value"))]
    for _ in range(4):
        page.page.wait_for_timeout(250)
        values.append(float(bar.evaluate("bar => bar.value")))
    assert values == sorted(values)
    assert 60 <= values[0] < values[-1] < 90
    page.page.get_by_role("button", name="Stop").click()
    page.state("cancelled")
    expect(bar).to_be_hidden()
