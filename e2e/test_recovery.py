"""What fails in the middle of an answer costs none of its text, and the router mends itself as a model does."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from e2e.support.database import corrupt, everything_stored, remove
from e2e.support.person import LABELS, Person
from e2e.support.site import NO_APP
from e2e.support.web import Web

QUESTION = "Explain simply why the sky is blue."
RUN = "    return this.runner.forward(tokens, position, pause);"
CALLS = 28
"""That work: those of the check of the answers, the prompt, and some tokens."""


def failing(code: str, where: str) -> str:
    """What runs a model, and fails with ``code`` after some calls ``where`` it computes so."""
    return f"""    this.calls = (this.calls ?? 0) + 1;
    const computesSo = this.spec.variant.engine === "kernel" && {where};
    if (computesSo && this.calls > {CALLS}) throw new BridgeError("{code}", "a test");
{RUN}"""


@pytest.mark.parametrize(
    ("code", "where", "backend", "note"),
    [
        ("runtime_failure", "!this.spec.variant.plain", f"{LABELS['kernel']}, plain SIMD", "without relaxed SIMD"),
        ("out_of_memory", "this.spec.threads > 1", "Kernel, 1 thread", "one thread"),
        ("device_lost", "true", LABELS["onnxruntime"], "onnxruntime"),
    ],
)
def test_an_answer_goes_on_by_what_does_not_fail(
    newcomer: Person, web: Web, code: str, where: str, backend: str, note: str
) -> None:
    web.faults.fail("sw.js", 404, times=None)  # it would refuse the altered file
    name = "bridge/worker/inference/session.js"
    right = (web.site.folder / name).read_text()
    altered = right.replace(RUN, failing(code, where))
    assert altered != right
    with web.site.altered(name, altered):
        newcomer.opens()
        answer = newcomer.asks(QUESTION)
        seen = answer.is_watched()
        whole = answer.succeeds()
        texts: list[str] = seen.json_value()
    assert answer.backend == backend
    assert any(note in words for words in [*answer.notes, newcomer.notices]), (answer.notes, newcomer.notices)
    assert len(texts) > 3
    assert all(after.startswith(before) for before, after in pairwise(texts)), "nothing is taken back"
    assert texts[-1] == whole


def test_the_routers_parts_are_resumed_and_healed_as_a_models_are(newcomer: Person, web: Web) -> None:
    router = web.site.router_shards
    sizes = {sha: (web.site.folder / "models" / "shards" / sha).stat().st_size for sha in router}
    small, middle, large = sorted(router, key=sizes.__getitem__)
    web.faults.fail(f"models/shards/{small}", 503)
    web.faults.corrupt(f"models/shards/{middle}", at=sizes[middle] // 2)
    web.faults.truncate(f"models/shards/{large}", after=sizes[large] // 2)
    newcomer.opens()
    newcomer.waits_for_the_model()
    root = newcomer.page.locator("html")
    expect(root).to_have_attribute("data-router", "neural", timeout=60_000)
    asked = [(r.path.rsplit("/", 1)[1], r.status) for r in web.requests("models/shards/*")]
    asked = [row for row in asked if row[0] in router]
    # What an earlier test's browser still asked for as it was closed may be among them.
    wanted = [(small, 503), (small, 200), (middle, 200), (middle, 200), (large, 200), (large, 206)]
    assert Counter(asked) >= Counter(wanted), "the rest of a broken download is asked for, not the whole"

    newcomer.visits(NO_APP)
    corrupt(newcomer.page, large)
    remove(newcomer.page, small)
    web.forgets()
    newcomer.opens()
    expect(root).to_have_attribute("data-router", "neural", timeout=60_000)
    asked = [(r.path.rsplit("/", 1)[1], r.status) for r in web.requests("models/shards/*")]
    assert Counter(asked) == Counter([(small, 200), (large, 200)]), "and only they"
    assert sizes.items() <= everything_stored(newcomer.page).items()
    assert newcomer.notices == ""
