"""The one table of what is tried after which error."""

from __future__ import annotations

import inspect

import pytest

from orion_py import errors
from orion_py.errors import OrionError
from orion_py.resilience.remedies import REMEDIES, remedies_against

EVERY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, OrionError)]
CAN_NOT_BE_HELPED = {
    "InvalidInput",
    "EmptyQuery",
    "QueryTooLong",
    "BinaryInput",
    "UnreadableSound",
    "NobodySpeaks",
    "RecordingTooLong",
    "AttachmentBroken",
    "AttachmentMissing",
    "UnreadableImage",
    "UnsupportedImage",
    "ImageTooLarge",
    "ImageTooSmall",
    "BlockedByGuard",
    "HarmRefused",
    "SelfHarmRefused",
    "ContextOverflow",
    "EmbeddingsUnsupported",
    "NothingAllowed",
    "InvalidConfig",
    "InvalidRegistry",
    "NewerRegistry",
    "UnknownModel",
    "ModelNotBuilt",
    "UnknownAgent",
    "NoEarlierVersion",
    "ForeignOrigin",
    "ProtocolError",
    "SimdMissing",
    "Unavailable",
    "QueueFull",
    "QueueTimeout",
    "DeadlineExceeded",
    "IllegalTransition",
    "EngineClosed",
}


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind is not OrionError])
def test_every_error_has_a_row_and_what_can_not_be_helped_says_so(kind: type[OrionError]) -> None:
    assert any(issubclass(kind, known) for known, _ in REMEDIES), "a new error has to say what is tried after it"
    found = remedies_against(kind())
    assert (not found.load and not found.answer) == (kind.__name__ in CAN_NOT_BE_HELPED)


def test_no_row_of_the_table_is_hidden_by_one_before_it() -> None:
    for index, (kind, _) in enumerate(REMEDIES):
        assert not any(issubclass(kind, earlier) for earlier, _ in REMEDIES[:index]), kind


def test_an_error_of_no_known_kind_is_given_up() -> None:
    found = remedies_against(OrionError("?"))
    assert (found.load, found.answer) == ((), ())
