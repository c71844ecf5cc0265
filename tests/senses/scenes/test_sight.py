"""The models that see are borrowed for each question, and given back however it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import OutOfMemory, RuntimeFailure
from orion_py.native.eyes import at_hand
from orion_py.runtime.graphs import GraphModel
from orion_py.senses.images.resampling import Picture
from orion_py.senses.reading.reader import OnLine
from orion_py.senses.scenes.codes import Code
from orion_py.senses.scenes.eyes import MODELS, Eyes
from orion_py.senses.scenes.report import SceneReport
from orion_py.senses.scenes.sight import LentSight, Looked, unseen
from tests.senses.scenes.reports import KNOWN, report

PICTURE = np.full((20, 20, 3), 255, np.uint8)


class Lender:
    """Writes down what happens, in its order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    @asynccontextmanager
    async def lent(self, model_id: str, cancel: CancelToken) -> AsyncIterator[GraphModel]:
        self.log.append(f"lends {model_id}")
        try:
            yield cast(GraphModel, model_id)
        finally:
            self.log.append(f"gets {model_id}")


async def no_codes(picture: Picture) -> list[Code]:
    return []


@pytest.fixture
def lender(monkeypatch: pytest.MonkeyPatch) -> Lender:
    made = Lender()

    class ScriptedEyes:
        kinds = KNOWN

        async def look(self, picture: Picture, cancel: CancelToken, on_line: OnLine, shrink: int) -> SceneReport:
            made.log.append("looks" if shrink == 1 else f"looks at 1/{shrink}")
            on_line(1, 4)
            if not picture.any():
                raise RuntimeFailure("It failed.")
            if picture.max() == 1:
                raise MemoryError
            return report("Hello")

    async def eyes_of(models: list[GraphModel], codes: object) -> Any:
        assert tuple(models) == MODELS
        return ScriptedEyes()

    monkeypatch.setattr(Eyes, "of", eyes_of)
    return made


LENT = [f"lends {name}" for name in MODELS]
GIVEN_BACK = [f"gets {name}" for name in reversed(MODELS)]


async def test_it_looks_at_each_picture_once_all_models_are_there(lender: Lender) -> None:
    sight = LentSight(lender.lent, no_codes)
    far: list[Looked] = []

    def watch(looked: Looked) -> None:
        far.append(looked)
        lender.log.append(f"picture {looked.picture}, line {looked.line}")

    scenes = await sight.look([at_hand(PICTURE), at_hand(PICTURE)], CancelToken(), watch)
    assert [found.text for found in scenes.reports] == ["Hello", "Hello"]
    assert scenes.known == KNOWN
    first, second = ([f"picture {number}, line 0", "looks", f"picture {number}, line 1"] for number in (1, 2))
    assert lender.log == [*LENT, *first, *second, *GIVEN_BACK]
    assert [looked.fraction for looked in far] == [0, 0.125, 0.5, 0.625]
    assert [(looked.pictures, looked.lines) for looked in far] == [(2, 0), (2, 4)] * 2


async def test_what_was_lent_is_given_back_when_looking_fails(lender: Lender) -> None:
    with pytest.raises(RuntimeFailure):
        await LentSight(lender.lent, no_codes).look([at_hand(PICTURE * 0)], CancelToken())
    assert lender.log == [*LENT, "looks", *GIVEN_BACK]


async def test_a_picture_is_decoded_when_its_turn_comes_and_looked_at_as_small_as_is_asked(lender: Lender) -> None:
    async def shown() -> Picture:
        lender.log.append("decodes")
        return PICTURE

    await LentSight(lender.lent, no_codes).look([shown, shown], CancelToken(), unseen, 2)
    assert lender.log == [*LENT, *["decodes", "looks at 1/2"] * 2, *GIVEN_BACK]


async def test_pythons_own_memory_that_runs_out_is_told_as_such(lender: Lender) -> None:
    with pytest.raises(OutOfMemory):
        await LentSight(lender.lent, no_codes).look([at_hand(PICTURE // 255)], CancelToken())
