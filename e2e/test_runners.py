"""What computes on the processor: our own kernel, onnxruntime where a person chooses it, or where the kernel fails.

The first visit is onnxruntime's of the normal run: an answer, and without a network a reload, a Stop, a dead worker.
The tests that try each of these by itself are for the kernel; a second visit and a Stop are for both with
``python3 build.py test long`` (``runner`` in conftest.py).
"""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.support import workers
from e2e.support.person import LABELS, Person
from e2e.support.web import Web

QUESTION = "What is the capital of France?"
KERNEL, ONNXRUNTIME = LABELS["kernel"], LABELS["onnxruntime"]


def test_a_person_chooses_and_the_choice_holds_at_a_next_visit_offline_through_a_stop_and_a_dead_worker(
    regular: Person, web: Web
) -> None:
    regular.opens()
    answer = regular.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == KERNEL
    expect(answer.fact("backend")).to_have_text("Orion’s kernel, 2 threads")

    regular.computes_with("onnxruntime")
    answer = regular.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == ONNXRUNTIME
    asked = {sha for sha, _, _ in web.shard_requests()}
    assert asked == set(web.site.graphs), "its graphs come when they are wanted, and nothing else"

    web.forgets()
    regular.page.context.set_offline(True)
    regular.reloads()
    regular.waits_for_the_model()
    workers.stops_amid_an_answer(regular)

    workers.hold(regular.page, after=16)
    answer = regular.asks("Explain simply why the sky is blue.")
    before = answer.grows(20)
    workers.end(regular.page, "workers/inference.js")
    assert answer.succeeds().startswith(before[:20])
    assert any("replaced" in note for note in answer.notes)
    assert answer.backend == ONNXRUNTIME
    assert web.shard_requests() == []

    regular.computes_with("kernel")
    answer = regular.asks(QUESTION)
    answer.succeeds()
    assert answer.backend == KERNEL


def test_a_kernel_that_computes_wrongly_is_stepped_down_from_in_plain_words(newcomer: Person, web: Web) -> None:
    web.faults.fail("sw.js", 404, times=None)  # it would refuse the altered file
    name = "bridge/worker/kernel/memory.js"
    right = (web.site.folder / name).read_text()
    wrong = right.replace("return found;", "return found.map((logit) => -logit);")
    assert wrong != right
    with web.site.altered(name, wrong):
        newcomer.opens()
        answer = newcomer.asks(QUESTION)
        assert "Paris" in answer.succeeds()
        assert answer.backend == ONNXRUNTIME
        told = [*answer.notes, newcomer.notices]
        assert any("kernel gave wrong results" in words for words in told), told

        newcomer.reloads()
        answer = newcomer.asks("What is the capital of Germany?")
        answer.succeeds()
        assert answer.backend == ONNXRUNTIME
        assert answer.others_notes == [], "the verdict is kept"


def test_a_site_without_the_kernels_builds_computes_with_onnxruntime(newcomer: Person, web: Web) -> None:
    web.faults.fail("sw.js", 404, times=None)
    web.faults.fail("kernel/*", 404, times=None)
    newcomer.opens()
    answer = newcomer.asks(QUESTION)
    assert "Paris" in answer.succeeds()
    assert answer.backend == ONNXRUNTIME
