from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, DownloadFailed
from orion_py.fetching.slots import STALL_SECONDS, DownloadSlots, RightOfWay


class Downloads:
    """Downloads that want one line; each stays on it until it is told to end."""

    def __init__(self, line: DownloadSlots) -> None:
        self.line = line
        self.begun: list[str] = []
        self.arrived: dict[str, Callable[[int], None]] = {}
        self.ends: dict[str, asyncio.Event] = {}

    async def want(self, name: str, size: int) -> asyncio.Task[None]:
        self.ends[name] = asyncio.Event()
        task = asyncio.ensure_future(self._download(name, size))
        await settled()
        return task

    async def _download(self, name: str, size: int) -> None:
        async with self.line.place(size) as arrived:
            self.begun.append(name)
            self.arrived[name] = arrived
            await self.ends[name].wait()


async def forever(seconds: float) -> None:
    await asyncio.Event().wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_large_download_has_the_line_until_little_of_it_is_left() -> None:
    downloads = Downloads(DownloadSlots(3, forever, ahead=10))
    for name in "abc":
        await downloads.want(name, 100)
    assert downloads.begun == ["a"]
    downloads.arrived["a"](90)
    await settled()
    assert downloads.begun == ["a"], "ten are left: not little enough"
    downloads.arrived["a"](91)
    await settled()
    assert downloads.begun == ["a", "b"]
    downloads.ends["a"].set()
    await settled()
    assert downloads.begun == ["a", "b"], "b has the line now"


async def test_small_ones_come_at_once_but_no_more_than_allowed() -> None:
    downloads = Downloads(DownloadSlots(2, forever, ahead=10))
    for name in "abc":
        await downloads.want(name, 3)
    assert downloads.begun == ["a", "b"]
    downloads.ends["b"].set()
    await settled()
    assert downloads.begun == ["a", "b", "c"]


async def test_a_download_that_fails_or_is_cancelled_leaves_the_line() -> None:
    downloads = Downloads(DownloadSlots(3, forever, ahead=10))
    first = await downloads.want("a", 100)
    waiting = await downloads.want("b", 100)
    await downloads.want("c", 100)
    waiting.cancel()
    first.cancel()
    await settled()
    assert downloads.begun == ["a", "c"]


async def test_a_download_that_stalls_is_passed_by_until_it_moves_again() -> None:
    asked: list[float] = []
    stalled = asyncio.Event()

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await stalled.wait()

    downloads = Downloads(DownloadSlots(3, sleep, ahead=10))
    for name in "abc":
        await downloads.want(name, 100)
    assert downloads.begun == ["a"]
    stalled.set()
    await settled()
    stalled.clear()
    await settled()
    assert downloads.begun[:2] == ["a", "b"]
    assert set(asked) == {STALL_SECONDS}
    downloads.arrived["a"](50)
    downloads.ends["b"].set()
    await downloads.want("d", 100)
    assert "d" not in downloads.begun, "a has the line again"


async def test_a_retry_counts_what_is_left_anew() -> None:
    downloads = Downloads(DownloadSlots(3, forever, ahead=10))
    await downloads.want("a", 100)
    downloads.arrived["a"](100)
    downloads.arrived["a"](0)
    await downloads.want("b", 100)
    assert downloads.begun == ["a"]


@pytest.mark.parametrize("most", [1, 3])
@given(sizes=st.lists(st.integers(1, 50), max_size=12), ahead=st.integers(1, 60))
async def test_all_get_their_turn_in_the_order_in_which_they_asked(most: int, sizes: list[int], ahead: int) -> None:
    downloads = Downloads(DownloadSlots(most, forever, ahead))
    tasks = [await downloads.want(str(place), size) for place, size in enumerate(sizes)]
    for place in range(len(sizes)):
        downloads.ends[str(place)].set()
        await settled()
    await asyncio.gather(*tasks)
    assert downloads.begun == [str(place) for place in range(len(sizes))]


class Yielding:
    """A download that takes until ``ends``, and counts how often it began."""

    def __init__(self, way: RightOfWay) -> None:
        self.way, self.cancel = way, CancelToken()
        self.begun = 0
        self.ends = asyncio.Event()
        self.fails: Exception | None = None

    async def __call__(self, cancel: CancelToken) -> None:
        self.begun += 1
        if self.fails is not None:
            raise self.fails
        stopped = asyncio.get_running_loop().create_future()
        unsubscribe = cancel.subscribe(lambda: stopped.set_result(None))
        try:
            await asyncio.wait(
                {stopped, ending := asyncio.ensure_future(self.ends.wait())}, return_when="FIRST_COMPLETED"
            )
            ending.cancel()
            cancel.raise_if_cancelled()
        finally:
            unsubscribe()

    def run(self) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.way.yielded(self, self.cancel))


async def test_what_nobody_waits_for_stops_while_the_way_is_taken_and_then_goes_on() -> None:
    way = RightOfWay()
    download = Yielding(way)
    running = download.run()
    await settled()
    with way.taken():
        with way.taken():
            await settled()
        await settled()
        assert download.begun == 1, "another one still downloads"
    await settled()
    assert download.begun == 2
    download.ends.set()
    await running


async def test_what_wants_to_begin_while_the_way_is_taken_waits_and_can_be_called_off() -> None:
    way = RightOfWay()
    waiting, stopped = Yielding(way), Yielding(way)
    with way.taken():
        runs = [waiting.run(), stopped.run()]
        await settled()
        stopped.cancel.cancel()
        with pytest.raises(Cancelled):
            await runs[1]
        assert (waiting.begun, stopped.begun) == (0, 0)
    waiting.ends.set()
    await runs[0]
    assert waiting.begun == 1


async def test_what_is_called_off_or_fails_by_itself_isnt_begun_again() -> None:
    way = RightOfWay()
    stopped, failing, given_up = Yielding(way), Yielding(way), Yielding(way)
    running = stopped.run()
    await settled()
    stopped.cancel.cancel()
    with pytest.raises(Cancelled):
        await running
    failing.fails = DownloadFailed("gone")
    with pytest.raises(DownloadFailed):
        await failing.run()
    given_up.fails = Cancelled()
    with pytest.raises(Cancelled):
        await given_up.run()
    assert [each.begun for each in (stopped, failing, given_up)] == [1, 1, 1]
