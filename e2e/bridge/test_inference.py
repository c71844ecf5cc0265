"""The real Lite model in real inference workers: right answers, a kept prefix, and typed errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import Lab, Loaded

pytestmark = pytest.mark.model

NEAR_TIE = 0.5
"""Logits apart: below it two right backends may choose differently."""

CHECK = """
    const { golden } = await lab.fetchManifest();
    return lab.checkGolden(globalThis.model.client, golden.find((one) => one.name === name), steps);
"""


@pytest.fixture(scope="module")
def int8(profile: BrowserContext, model_server: StaticServer, manifest: dict[str, Any]) -> Loaded:
    return Loaded(profile, model_server.url, "wasm-int8")


def assert_golden(loaded: Loaded, manifest: dict[str, Any], golden: dict[str, Any], steps: int) -> None:
    """The variant's own tolerance for the distribution, and the golden tokens where they aren't near ties."""
    variant = next(variant for variant in manifest["variants"] if variant["id"] == loaded.variant)
    answer = loaded.lab.run(CHECK, name=golden["name"], steps=steps)
    assert answer["kl"] <= variant["tolerance_kl"]
    if variant["exact"]:
        pairs = zip(answer["agreed"], golden["margins"], strict=False)
        assert all(agreed for agreed, margin in pairs if margin > NEAR_TIE)


def test_int8_on_wasm_answers_as_the_reference(int8: Loaded, manifest: dict[str, Any]) -> None:
    assert manifest["golden"]
    for golden in manifest["golden"]:
        assert_golden(int8, manifest, golden, steps=4)


def test_exact_on_wasm_answers_as_the_reference(
    profile: BrowserContext, model_server: StaticServer, manifest: dict[str, Any]
) -> None:
    exact = Loaded(profile, model_server.url, "wasm-exact")
    for golden in manifest["golden"]:
        assert_golden(exact, manifest, golden, steps=4)
    exact.lab.page.close()


@pytest.mark.long  # forty seconds; test_floats.py has blocks and floats there on small models
def test_exact_on_a_software_gpu_answers_as_the_reference(
    gpu_chromium: Browser, model_server: StaticServer, manifest: dict[str, Any]
) -> None:
    """In few runs of few tokens: each takes seconds there. The warm-up fills the context, so that is short."""
    golden = min(manifest["golden"], key=lambda golden: len(golden["tokens"]))
    context = gpu_chromium.new_context()
    gpu = Loaded(context, model_server.url, "webgpu-q4", limit=len(golden["tokens"]) + 1)
    assert gpu.report["backend"] == "webgpu"
    weights = sum(shard["size"] for shard in manifest["shards"] if shard["role"] in ("embedding", "layers"))
    assert gpu.report["memory_bytes"] > weights
    divergences = gpu.lab.run(
        """
        const { client } = globalThis.model;
        const last = golden.tokens.length - 1;
        const prefill = lab.divergence(golden, await client.forward(golden.tokens, 0));
        // The last row is dropped and written again, by a decode step.
        return [prefill, lab.divergence(golden, await client.forward([golden.tokens[last]], last))];
        """,
        golden=golden,
    )
    variant = next(variant for variant in manifest["variants"] if variant["id"] == "webgpu-q4")
    assert max(divergences) <= variant["tolerance_kl"]
    context.close()


def test_without_isolation_one_thread_answers_as_the_reference(
    chromium: Browser, site: Path, manifest: dict[str, Any]
) -> None:
    context = chromium.new_context()
    with StaticServer(site, plain=True) as server:
        plain = Loaded(context, server.url, "wasm-int8", threads=4)
        assert plain.lab.page.evaluate("crossOriginIsolated") is False
        assert plain.report["threads"] == 1
        assert_golden(plain, manifest, manifest["golden"][0], steps=2)
    context.close()


def test_early_layers_are_ready_while_the_last_shard_is_still_to_come(
    profile: BrowserContext, model_server: StaticServer, manifest: dict[str, Any]
) -> None:
    lab = Lab(profile, model_server.url)
    answer = lab.run(
        """
        const manifest = await lab.fetchManifest();
        const { prefill } = manifest.variants.find(({ id }) => id === "wasm-int8");
        const last = prefill.stages.at(-1).shards.at(-1);
        await lab.store(manifest, "wasm-int8");
        const client = new lab.InferenceClient(lab.workerUrl);
        await client.open(JSON.stringify({ manifest, variant: "wasm-int8", threads: 2, context: 512 }));
        const empty = await client.memoryBytes();
        const others = lab.shardsFor(manifest, "wasm-int8").filter(({ sha256 }) => sha256 !== last);
        await Promise.all(others.map(({ sha256 }) => client.feed(sha256)));
        const early = await client.memoryBytes();
        const unfed = await lab.attempt(client.build());
        await client.feed(last);
        await client.build();
        const ready = await client.memoryBytes();
        const golden = manifest.golden[0];
        const { kl } = await lab.checkGolden(client, golden, 2);
        client.close();
        return { empty, early, unfed: unfed.code, ready, kl };
        """
    )
    # Nine tenths of the prefill's int8 weights are in its sessions by then: most of 135 MB.
    assert answer["early"] - answer["empty"] > 90e6
    assert answer["ready"] > answer["early"]
    assert answer["unfed"] == "shard_missing"
    assert answer["kl"] <= next(v["tolerance_kl"] for v in manifest["variants"] if v["id"] == "wasm-int8")


def test_the_report_says_what_it_took(int8: Loaded) -> None:
    report = int8.report
    assert (report["backend"], report["threads"]) == ("wasm", 2)
    assert report["create_ms"] > 0
    assert report["warmup_ms"] > 0
    # Two sessions' packed int8 weights are more than 270 MB; nothing may keep a third copy.
    assert 270e6 < report["memory_bytes"] < 450e6


def test_a_kept_prefix_equals_a_fresh_run(int8: Loaded, manifest: dict[str, Any]) -> None:
    """All ways to the same 40 tokens: whole; prefix and rest; token by token; after a rejected tail.

    Prefixes are multiples of four: elsewhere softmax adds in another order, by which some activation
    may be rounded to another integer.
    """
    tokens = (manifest["golden"][-1]["tokens"] * 4)[:40]
    differences = int8.lab.run(
        """
        const { client } = globalThis.model;
        const whole = await client.forward(tokens, 0);
        await client.forward(tokens.slice(0, 24), 0);
        const continued = await client.forward(tokens.slice(24), 24);
        const again = await client.forward(tokens.slice(32), 32);
        await client.forward(tokens.slice(32).reverse(), 32);
        const restored = await client.forward(tokens.slice(32), 32);
        await client.forward(tokens.slice(0, 39), 0);
        const decoded = await client.forward([tokens[39]], 39);
        await client.forward([5], 39);
        const decodedAgain = await client.forward([tokens[39]], 39);
        return {
          continued: lab.largestDifference(continued, whole),
          again: lab.largestDifference(again, whole),
          restored: lab.largestDifference(restored, whole),
          decodedAgain: lab.largestDifference(decodedAgain, decoded),
          decodedTop: lab.argmax(decoded) === lab.argmax(whole),
        };
        """,
        tokens=tokens,
    )
    assert differences["continued"] < 1e-2
    assert differences["again"] < 1e-2
    assert differences["restored"] < 1e-2
    assert differences["decodedAgain"] == 0


def test_embeddings_are_refused_by_name_and_tokens_go_on(int8: Loaded, manifest: dict[str, Any]) -> None:
    answer = int8.lab.run(
        """
        const { client, manifest } = globalThis.model;
        const width = manifest.architecture.hidden_size;
        const before = await client.forward(tokens, 0);
        const refused = await lab.attempt(client.forwardEmbeddings(new Float32Array(2 * width), width, 4));
        const after = await client.forward(tokens, 0);
        return { code: refused.code, difference: lab.largestDifference(after, before) };
        """,
        tokens=manifest["golden"][-1]["tokens"][:8],
    )
    assert answer == {"code": "embeddings_unsupported", "difference": 0}


def test_verified_tokens_are_single_steps_to_the_bit(int8: Loaded, manifest: dict[str, Any]) -> None:
    """Drafts across the cache's first capacity, all right and all dropped again, against one by one."""
    most = next(v for v in manifest["variants"] if v["id"] == int8.variant)["prefill"]["verifies"]
    text = (manifest["golden"][-1]["tokens"] * 20)[:280]
    answer = int8.lab.run(
        """
        const { client } = globalThis.model;
        const start = 240;
        await client.forward(text.slice(0, start), 0);
        const alone = [];
        for (let at = start; at < text.length; at += 1) alone.push(await client.forward([text[at]], at));
        await client.forward([3, 4, 5, 6, 7, 8], start);
        let rows = 0, unequal = 0;
        for (let at = start, count = 2; at + count <= text.length; count = count === most ? 2 : count + 1) {
          const logits = await client.verify(text.slice(at, at + count), at);
          const width = logits.length / count;
          for (let row = 0; row < count; row += 1, rows += 1) {
            const same = alone[at - start + row].every((value, index) => value === logits[row * width + index]);
            unequal += same ? 0 : 1;
          }
          at += count;
        }
        const late = await client.forward([text[start + 2]], start + 2);
        const refused = await lab.attempt(client.verify(new Array(most + 1).fill(1), 0));
        return { rows, unequal, late: lab.largestDifference(late, alone[2]), refused: refused.code };
        """,
        text=text,
        most=most,
    )
    assert answer["rows"] > 30
    assert (answer["unequal"], answer["late"], answer["refused"]) == (0, 0, "protocol")


def test_long_prompts_run_in_parts_and_the_cache_grows_with_them(int8: Loaded, manifest: dict[str, Any]) -> None:
    """300 tokens cross two chunks and the first capacity of 256; what they leave is what parts leave."""
    tokens = (manifest["golden"][-1]["tokens"] * 20)[:300]
    answer = int8.lab.run(
        """
        const { client } = globalThis.model;
        const whole = await client.forward(tokens, 0);
        for (let start = 0; start < 300; start += 60) await client.forward(tokens.slice(start, start + 60), start);
        const parts = await client.forward(tokens.slice(290), 290);
        const next = await client.forward([lab.argmax(whole)], 300);
        return { difference: lab.largestDifference(parts, whole), finite: next.every(Number.isFinite) };
        """,
        tokens=tokens,
    )
    assert answer["difference"] < 1e-2
    assert answer["finite"]


def test_a_long_prompt_can_be_cancelled_and_what_ran_is_kept(int8: Loaded, manifest: dict[str, Any]) -> None:
    tokens = (manifest["golden"][-1]["tokens"] * 40)[:640]
    answer = int8.lab.run(
        """
        const { client } = globalThis.model;
        const running = lab.attempt(client.forward(tokens, 0));
        await client.cancel();
        const stopped = await running;
        const kept = await lab.attempt(client.forward([tokens[128]], 128));
        return { code: stopped.code, kept: kept.code ?? "logits" };
        """,
        tokens=tokens,
    )
    assert answer == {"code": "cancelled", "kept": "logits"}


def test_hundreds_of_steps_take_no_more_memory(int8: Loaded, manifest: dict[str, Any]) -> None:
    tokens = manifest["golden"][-1]["tokens"]
    sizes = int8.lab.run(
        """
        const { client } = globalThis.model;
        const seen = [];
        for (let round = 0; round < 6; round += 1) {
          await client.forward(tokens, 0);
          for (let step = 0; step < 20; step += 1) await client.forward([7], tokens.length + step);
          seen.push(await client.memoryBytes());
        }
        return seen;
        """,
        tokens=tokens,
    )
    assert sizes[-1] == sizes[1]


def test_tokens_past_the_context_are_a_context_overflow(int8: Loaded) -> None:
    answer = int8.lab.run("return lab.attempt(globalThis.model.client.forward(new Array(1025).fill(1), 0))")
    assert answer["code"] == "context_overflow"
    assert answer["detail"] == {"tokens": 1025, "context": 1024}


@pytest.mark.parametrize(
    ("tokens", "position", "code"),
    [
        ([], 0, "protocol"),
        ([1, 49152], 0, "protocol"),
        ([-1], 0, "protocol"),
        ([1], 900, "protocol"),
        ([1], -1, "protocol"),
    ],
)
def test_what_makes_no_sense_is_refused(int8: Loaded, tokens: list[int], position: int, code: str) -> None:
    int8.lab.run("await globalThis.model.client.forward([1, 2, 3], 0)")
    answer = int8.lab.run(
        "return lab.attempt(globalThis.model.client.forward(tokens, position))", tokens=tokens, position=position
    )
    assert answer["code"] == code
    assert int8.lab.run("return (await globalThis.model.client.forward([1], 3)).length") == 49152
