"""What is kept for the next visit is the spec of the model that it will begin with."""

from __future__ import annotations

from orion_py.runtime.next_visit import NextVisit


class Visit:
    def __init__(self) -> None:
        self.kept: list[tuple[str, int]] = []
        self.next = NextVisit(self._keep)

    async def _keep(self, spec: str, memory_bytes: int) -> None:
        self.kept.append((spec, memory_bytes))


async def test_the_first_model_of_a_visit_is_kept_and_what_comes_behind_it_is_not() -> None:
    visit = Visit()
    await visit.next.built("lite", "lite, 2 threads", 150)
    await visit.next.built("large", "large, 2 threads", 1300)
    assert visit.kept == [("lite, 2 threads", 150)]


async def test_a_larger_model_that_answers_is_kept_as_it_was_built() -> None:
    visit = Visit()
    await visit.next.built("lite", "lite, 2 threads", 150)
    await visit.next.built("large", "large, 2 threads", 1300)
    await visit.next.begin_with("large")
    await visit.next.begin_with("large")
    assert visit.kept[1:] == [("large, 2 threads", 1300)]
    await visit.next.built("lite", "lite, 1 thread", 150)
    assert len(visit.kept) == 2, "the small one was built again, and comes second all the same"
    await visit.next.built("large", "large, 1 thread", 1290)
    assert visit.kept[2:] == [("large, 1 thread", 1290)]


async def test_a_model_that_is_not_in_memory_changes_nothing() -> None:
    visit = Visit()
    await visit.next.built("lite", "lite, 2 threads", 150)
    await visit.next.begin_with("large")
    assert visit.kept == [("lite, 2 threads", 150)]
