"""Measures one routing decision: the question goes to the engine's worker, its answer comes back.

Asked are the frozen test rows of model_foundry/routing, in a Chromium on WASM, once the encoder is in
memory and warm. The message there and back, the guard of the text and the calibrated head are part of it.
"""

from __future__ import annotations

from statistics import quantiles

from bench.chromium import fresh_profile, opened
from bench.context import Context
from bench.cpu import watching
from bench.figures import Contender, Outcome, limit
from build_support.errors import StepFailed
from model_foundry.routing.dataset import held_out_rows

WANTED_MEDIAN_MS = 5.0
WANTED_P95_MS = 15.0


def run(context: Context) -> Outcome:
    contender = Contender("neural router, WASM")
    queries = [row.text for row in held_out_rows()]
    for number in range(context.rounds):
        context.settle(f"round {number + 1} of {context.rounds}: {len(queries)} queries")
        with fresh_profile(context.playwright) as browser, opened(browser, f"{context.url}pages/routing.html") as page:
            page.wait_for_function("() => 'route' in globalThis")
            with watching() as watch:
                answer = page.evaluate("(queries) => route(queries)", queries)
        if answer["router"] != "neural":
            raise StepFailed(f"the {answer['router']} router answered: the encoder didn't come into memory")
        cuts = quantiles(answer["ms"], n=20, method="inclusive")
        contender.add("median", "ms", cuts[9], watch.foreign)
        contender.add("95th percentile", "ms", cuts[18], watch.foreign)
    targets = [
        limit("a decision, median", contender.series["median"], WANTED_MEDIAN_MS),
        limit("a decision, 95th percentile", contender.series["95th percentile"], WANTED_P95_MS),
    ]
    return Outcome("routing", [contender], targets)
