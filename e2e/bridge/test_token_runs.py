"""The real Lite model chooses its tokens in its worker, on our kernel and on onnxruntime: those of single steps, told
as they come, until it is stopped."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab, Loaded

pytestmark = pytest.mark.model


@pytest.fixture(scope="module", params=["kernel", "wasm-int8"])
def model(request: pytest.FixtureRequest, profile: BrowserContext, model_server: StaticServer) -> Lab:
    return Loaded(profile, model_server.url, request.param).lab


def test_a_run_chooses_what_single_steps_choose(model: Lab, manifest: dict[str, Any]) -> None:
    """Greedy and with the agents' sampling; the cache is as after single steps, too."""
    found = model.run(
        """
        const { client } = globalThis.model;
        const { Sampler } = await import("./bridge/worker/inference/sampler.js");
        const draws = Array.from({ length: 24 }, (_, index) => (index * 0.618034) % 1);
        const sampled = { temperature: 0.9, top_k: 40, top_p: 0.95, penalty: 1.1, seen: [198, 30], never: [2], draws };
        const answers = [];
        for (const choice of [{ ...sampled, temperature: 0, penalty: 1 }, sampled]) {
          await client.forward(tokens, 0);
          const run = client.run(JSON.stringify({ token: 198, position: tokens.length, count: 24, ends: [2], choice }));
          const told = [];
          do told.push(JSON.parse(await run.next())); while (!told.at(-1).over);
          const text = told.flatMap(({ tokens }) => tokens);
          const after = await client.forward([30], tokens.length + text.length);
          await client.forward(tokens, 0);
          const sampler = new Sampler(choice);
          const alone = [];
          for (let token = 198, at = tokens.length; alone.length < text.length; at += 1) {
            alone.push((token = sampler.choose(await client.forward([token], at))));
          }
          const difference = lab.largestDifference(await client.forward([30], tokens.length + text.length), after);
          const ms = told.reduce((sum, piece) => sum + piece.ms, 0);
          answers.push({ text, alone, difference, first: told[0].tokens.length, ms });
        }
        return answers;
        """,
        tokens=manifest["golden"][-1]["tokens"],
    )
    for answer in found:
        assert answer["text"] == answer["alone"]
        assert len(answer["text"]) == 24 or answer["text"][-1] == 2
        assert (answer["difference"], answer["first"]) == (0, 1)
        assert answer["ms"] > 0
    assert found[0]["text"] != found[1]["text"]


def test_a_stop_ends_a_run_with_the_tokens_that_are_there_and_the_cache_stands(
    model: Lab, manifest: dict[str, Any]
) -> None:
    found = model.run(
        """
        const { client } = globalThis.model;
        await client.forward(tokens, 0);
        const choice = { temperature: 0, top_k: 0, top_p: 1, penalty: 1, seen: [], never: [], draws: [] };
        const run = client.run(JSON.stringify({ token: 198, position: tokens.length, count: 900, ends: [], choice }));
        const text = JSON.parse(await run.next()).tokens;
        client.stop();
        for (let over = false; !over;) {
          const told = JSON.parse(await run.next());
          text.push(...told.tokens);
          over = told.over;
        }
        const place = tokens.length + text.length;
        const next = await lab.attempt(client.forward([text.at(-1)], place));
        await client.forward(tokens, 0);
        let at = tokens.length;
        for (const token of [198, ...text.slice(0, -1)]) await client.forward([token], at++);
        const whole = await client.forward([text.at(-1)], place);
        const later = await lab.attempt(client.forward([1], place + 2));
        const difference = next.code ?? lab.largestDifference(next.value, whole);
        return { said: text.length, difference, later: later.code };
        """,
        tokens=manifest["golden"][-1]["tokens"],
    )
    assert 1 <= found["said"] < 900
    assert found["difference"] == 0
    assert found["later"] == "protocol"


def test_a_run_past_the_context_and_one_of_an_unknown_token_are_refused(model: Lab, manifest: dict[str, Any]) -> None:
    codes = model.run(
        """
        const { client } = globalThis.model;
        await client.forward([1, 2, 3], 0);
        const choice = { temperature: 0, top_k: 0, top_p: 1, penalty: 1, seen: [], never: [], draws: [] };
        const codes = [];
        for (const [token, position] of [[50000, 3], [5, 9]]) {
          const run = client.run(JSON.stringify({ token, position, count: 5, ends: [], choice }));
          codes.push((await lab.attempt(run.next())).code);
        }
        return codes;
        """
    )
    assert codes == ["protocol", "protocol"]
