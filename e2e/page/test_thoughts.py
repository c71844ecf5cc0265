"""The page and the engine agree on what is thought and what is answer."""

from __future__ import annotations

from e2e.page.conftest import Visit
from tests.generation.test_thoughts import CASES


def test_page_and_engine_tell_thoughts_from_answers_alike(page: Visit) -> None:
    found = page.page.evaluate(
        """async (texts) => {
            const { answerOf } = await import("./bridge/page/thoughts.js");
            return texts.map(answerOf);
        }""",
        [text for text, _ in CASES],
    )
    assert found == [answer for _, answer in CASES]
