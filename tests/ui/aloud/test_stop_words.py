"""A spoken "stop" is told from a question about stopping, in both languages."""

from __future__ import annotations

import pytest

from ui.aloud.stop_words import wants_stop


@pytest.mark.parametrize(
    "text",
    ["Stop.", "stop", "Stop, stop, stop!", "Arrête !", "ARRÊTE", "Arrêtez.", "« Stop »", "Arrête\u00a0!", "Stop it."],
)
def test_stop_said_alone_is_meant(text: str) -> None:
    assert wants_stop(text)


@pytest.mark.parametrize(
    "text", ["", "...", "How do I stop a train?", "Arrête de pleuvoir, ciel", "The bus stop", "non"]
)
def test_within_a_question_it_is_a_word_like_others(text: str) -> None:
    assert not wants_stop(text)
