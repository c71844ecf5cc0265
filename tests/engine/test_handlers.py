"""Every request is answered by one function, which gives the reply that the request's class names."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from orion_py.engine.handlers import HANDLERS
from orion_py.engine.host import EngineHost
from orion_py.engine.status import SECTIONS
from orion_py.protocol import Cancel, Status
from orion_py.protocol.envelope import REQUESTS
from orion_py.protocol.vocabulary import Section

TABLES: dict[Any, Any] = HANDLERS | EngineHost._OWN


@pytest.mark.parametrize("kind", [kind for kind in REQUESTS.values() if kind is not Cancel])
def test_every_request_has_a_handler_that_takes_it_and_gives_its_reply(kind: Any) -> None:
    hints = get_type_hints(TABLES[kind])
    assert hints["request"] is kind
    assert hints["return"] is kind.reply


def test_no_request_has_two_handlers_and_cancel_is_answered_on_arrival() -> None:
    assert not HANDLERS.keys() & EngineHost._OWN.keys()
    assert set(REQUESTS.values()) - set(TABLES) == {Cancel}


def test_every_part_of_the_status_is_found_out() -> None:
    assert set(SECTIONS) == set(get_args(Section)) == set(get_type_hints(Status))
