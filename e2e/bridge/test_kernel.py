"""The real Lite model on our own kernel, in real workers: right answers, equal drafts, typed errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from build_support.server import StaticServer
from e2e.bridge.conftest import FIRST_GOLDEN, Lab, Loaded

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def kernel(profile: BrowserContext, model_server: StaticServer) -> Lab:
    return Loaded(profile, model_server.url, "kernel").lab


def test_it_answers_as_the_reference(kernel: Lab, manifest: dict[str, Any]) -> None:
    answers = kernel.run(
        """
        const { client, manifest } = globalThis.model;
        const answers = [];
        for (const golden of manifest.golden) answers.push((await lab.checkGolden(client, golden, 4)).kl);
        return answers;
        """
    )
    assert len(answers) == len(manifest["golden"])
    assert max(answers) < 0.02


def test_the_report_says_what_it_took(kernel: Lab, manifest: dict[str, Any]) -> None:
    report = kernel.page.evaluate("globalThis.model.report")
    assert (report["backend"], report["threads"]) == ("kernel", 2)
    weights = sum(shard["size"] for shard in manifest["shards"] if shard["tensors"])
    assert weights < report["memory_bytes"] < weights + 40e6, (
        "weights lie there once, and nothing of their size besides"
    )


def test_all_ways_to_the_same_tokens_are_equal_to_the_bit(kernel: Lab, manifest: dict[str, Any]) -> None:
    """Whole; in parts that cross a pass; token by token; after a tail that was taken back."""
    tokens = (manifest["golden"][-1]["tokens"] * 20)[:150]
    differences = kernel.run(
        """
        const { client } = globalThis.model;
        const whole = await client.forward(tokens, 0);
        await client.forward(tokens.slice(0, 37), 0);
        const parts = await client.forward(tokens.slice(37), 37);
        await client.forward(tokens.slice(0, 140), 0);
        let single;
        for (let at = 140; at < 150; at += 1) single = await client.forward([tokens[at]], at);
        await client.forward([5, 6, 7], 120);
        const again = await client.forward(tokens.slice(120), 120);
        return [parts, single, again].map((each) => lab.largestDifference(each, whole));
        """,
        tokens=tokens,
    )
    assert differences == [0, 0, 0]


def test_embeddings_take_the_place_of_tokens_however_they_are_cut(kernel: Lab, manifest: dict[str, Any]) -> None:
    """70 rows are three passes; what they are equal to is for the tiny models of tests/bridge."""
    answer = kernel.run(
        """
        const { client, manifest } = globalThis.model;
        const width = manifest.architecture.hidden_size;
        const rows = (seed) => Float32Array.from({ length: 70 * width }, (_, index) => Math.sin(index * seed) / 8);
        await client.forward(tokens, 0);
        const whole = await client.forwardEmbeddings(rows(1), width, 10);
        await client.forward(tokens, 0);
        await client.forwardEmbeddings(rows(1).subarray(0, 37 * width), width, 10);
        const parts = await client.forwardEmbeddings(rows(1).subarray(37 * width), width, 47);
        const other = await client.forwardEmbeddings(rows(2), width, 10);
        const refused = await lab.attempt(client.forwardEmbeddings(new Float32Array(3), 3, 10));
        const after = await client.forward(tokens, 0);
        return {
          parts: lab.largestDifference(parts, whole),
          other: lab.largestDifference(other, whole),
          finite: [...whole, ...after].every(Number.isFinite),
          refused: refused.code,
        };
        """,
        tokens=manifest["golden"][-1]["tokens"][:10],
    )
    assert (answer["parts"], answer["finite"], answer["refused"]) == (0, True, "invalid_input")
    assert answer["other"] > 0.1


def test_verified_tokens_are_single_steps_to_the_bit(kernel: Lab, manifest: dict[str, Any]) -> None:
    text = (manifest["golden"][-1]["tokens"] * 20)[:164]
    answer = kernel.run(
        """
        const { client } = globalThis.model;
        const start = 120;
        await client.forward(text.slice(0, start), 0);
        const alone = [];
        for (let at = start; at < text.length; at += 1) alone.push(await client.forward([text[at]], at));
        await client.forward([3, 4, 5, 6, 7, 8], start);
        let rows = 0, unequal = 0;
        for (let at = start, count = 1; at + count <= text.length; count = count === 8 ? 1 : count + 1) {
          const logits = await client.verify(text.slice(at, at + count), at);
          const width = logits.length / count;
          for (let row = 0; row < count; row += 1, rows += 1) {
            unequal += alone[at - start + row].every((value, index) => value === logits[row * width + index]) ? 0 : 1;
          }
          at += count;
        }
        const refused = await lab.attempt(client.verify(new Array(9).fill(1), 0));
        return { rows, unequal, refused: refused.code };
        """,
        text=text,
    )
    assert answer["rows"] > 30
    assert (answer["unequal"], answer["refused"]) == (0, "protocol")


def test_a_prompt_that_is_restored_has_the_bits_of_one_that_was_read(kernel: Lab, manifest: dict[str, Any]) -> None:
    """Also where it is kept while the next one is read, and from the next position on."""
    tokens = (manifest["golden"][-1]["tokens"] * 20)[:150]
    found = kernel.run(
        """
        const { client } = globalThis.model;
        const rows = 61;
        const facts = JSON.stringify({ key: "k", model: "lite", agent: "conversation", edition: "1", rows });
        const whole = await client.forward(tokens, 0);
        const keeping = client.keepRows(facts, 10e6);
        await client.forward(tokens.toReversed(), 0);
        const kept = await keeping;
        const begun = performance.now();
        const restored = await client.restoreRows("k", rows);
        const ms = performance.now() - begun;
        const again = await client.forward(tokens.slice(rows), rows);
        const gap = await lab.attempt(client.restoreRows("k", rows).then(() => client.forward([1], rows + 1)));
        const refused = [await client.restoreRows("other", rows), await client.restoreRows("k", 5000)];
        const none = await client.keepRows(JSON.stringify({ ...JSON.parse(facts), key: "l", rows: 62 }), 10e6);
        return { kept, restored, ms, difference: lab.largestDifference(again, whole), gap: gap.code, refused, none };
        """,
        tokens=tokens,
    )
    a = manifest["architecture"]
    assert found.pop("kept") == 2 * a["layers"] * a["kv_heads"] * a["head_dim"] * 2 * 61
    assert found.pop("ms") < 500
    assert found == {"restored": True, "difference": 0, "gap": "protocol", "refused": [False, False], "none": 0}


def test_threads_change_nothing_about_an_answer(
    profile: BrowserContext, model_server: StaticServer, kernel: Lab, manifest: dict[str, Any]
) -> None:
    """Nor does a page without isolation, where memory isn't shared."""
    tokens = (manifest["golden"][-1]["tokens"] * 4)[:40]
    take = "return [...await globalThis.model.client.forward(tokens, 0)]"
    two = kernel.run(take, tokens=tokens)
    alone = Loaded(profile, model_server.url, "kernel", threads=1, limit=64).lab
    assert alone.page.evaluate("globalThis.model.report.threads") == 1
    assert alone.run(take, tokens=tokens) == two
    alone.page.close()


def test_without_isolation_it_runs_on_one_thread(chromium: Browser, site: Path, manifest: dict[str, Any]) -> None:
    context = chromium.new_context()
    with StaticServer(site, plain=True) as server:
        plain = Loaded(context, server.url, "kernel", threads=4, limit=256).lab
        assert plain.page.evaluate("crossOriginIsolated") is False
        report = plain.page.evaluate("globalThis.model.report")
        assert (report["backend"], report["threads"]) == ("kernel", 1)
        assert plain.run(FIRST_GOLDEN) < 0.02
        # No other thread sees its memory: a cancel is heard between two passes.
        tokens = (manifest["golden"][-1]["tokens"] * 40)[:256]
        assert plain.run(STOPPED, tokens=tokens, at=148) == {"code": "cancelled", "kept": "logits"}
    context.close()


STOPPED = """
    const { client } = globalThis.model;
    await client.forward(tokens.slice(0, 20), 0);
    const running = lab.attempt(client.forward(tokens.slice(20), 20));
    await client.cancel();
    const stopped = await running;
    const kept = await lab.attempt(client.forward(tokens.slice(at, at + 1), at));
    return { code: stopped.code ?? "logits", kept: kept.code ?? "logits" };
"""


def test_a_prompt_is_cancelled_in_the_middle_of_a_pass_and_what_ran_is_kept(
    kernel: Lab, manifest: dict[str, Any]
) -> None:
    """It is one pass: nothing but its layers is there to stop between. Nor does a step run to its end."""
    tokens = (manifest["golden"][-1]["tokens"] * 40)[:148]
    assert kernel.run(STOPPED, tokens=tokens, at=20) == {"code": "cancelled", "kept": "logits"}
    assert kernel.run(STOPPED, tokens=tokens[:21], at=20)["kept"] == "logits", "a flag that stays ends nothing later"


def test_hundreds_of_steps_take_no_more_memory(kernel: Lab) -> None:
    sizes = kernel.run(
        """
        const { client } = globalThis.model;
        const before = await client.memoryBytes();
        await client.forward([1, 2, 3], 0);
        for (let step = 0; step < 200; step += 1) await client.forward([7], 3 + step);
        return [before, await client.memoryBytes()];
        """
    )
    assert sizes[0] == sizes[1]


def test_the_context_is_used_to_its_end_and_no_further(kernel: Lab) -> None:
    answer = kernel.run(
        """
        const { client } = globalThis.model;
        const full = await lab.attempt(client.forward(new Array(1024).fill(1), 0));
        const over = await lab.attempt(client.forward([1], 1024));
        const long = await lab.attempt(client.forward(new Array(1025).fill(1), 0));
        const drafted = await lab.attempt(client.verify([1, 1, 1], 1022));
        const last = await lab.attempt(client.forward([1], 1023));
        return [full.code ?? "logits", over.code, long.code, drafted.code, last.code ?? "logits"];
        """
    )
    assert answer == ["logits", "context_overflow", "context_overflow", "context_overflow", "logits"]


@pytest.mark.parametrize(("tokens", "position"), [([], 0), ([1, 49152], 0), ([-1], 0), ([1], 900), ([1], -1)])
def test_what_makes_no_sense_is_refused(kernel: Lab, tokens: list[int], position: int) -> None:
    kernel.run("await globalThis.model.client.forward([1, 2, 3], 0)")
    refused = "return (await lab.attempt(globalThis.model.client.forward(tokens, position))).code"
    assert kernel.run(refused, tokens=tokens, position=position) == "protocol"
    assert kernel.run("return (await globalThis.model.client.forward([1], 3)).length") == 49152


OPEN = """
    const manifest = await lab.fetchManifest();
    const shards = await lab.store(manifest, "kernel");
    const client = new lab.InferenceClient(lab.workerUrl);
    const sizes = { variant: "kernel", threads: 2, context: 64 };
    const open = (changed) => client.open(JSON.stringify({ manifest: changed, ...sizes }));
    const weights = manifest.shards.find(({ role }) => role === "layers");
"""


def test_the_build_without_relaxed_simd_computes_where_it_is_asked_for(
    profile: BrowserContext, model_server: StaticServer
) -> None:
    """The ladder's step below relaxed SIMD, whose 16 bits of an activation round less."""
    lab = Lab(profile, model_server.url)
    answer = lab.run(
        """
        const manifest = await lab.fetchManifest();
        await lab.store(manifest, "kernel");
        const kernel = manifest.variants.find(({ id }) => id === "kernel");
        manifest.variants.push({ ...kernel, id: "kernel-plain", plain: true });
        const client = new lab.InferenceClient(lab.workerUrl);
        await client.open(JSON.stringify({ manifest, variant: "kernel-plain", threads: 2, context: 64 }));
        for (const { sha256 } of lab.shardsFor(manifest, "kernel")) await client.feed(sha256);
        const { threads } = JSON.parse(await client.build());
        const { kl } = await lab.checkGolden(client, manifest.golden[0], 2);
        client.close();
        return { threads, kl };
        """
    )
    assert answer["threads"] == 2
    assert 0 <= answer["kl"] < 1e-4
    lab.page.close()


def test_a_damaged_shard_is_told_from_a_missing_one_and_can_be_fed_again(
    profile: BrowserContext, model_server: StaticServer
) -> None:
    lab = Lab(profile, model_server.url)
    answer = lab.run(
        OPEN
        + """
        await open(manifest);
        const { sha256 } = weights;
        const blob = new Blob([await (await fetch(`models/shards/${sha256}`)).arrayBuffer()]);
        const corrupt = await lab.attempt(client.feed(sha256, new Blob(["something else"])));
        const unbuilt = await lab.attempt(client.build());
        const early = await lab.attempt(client.forward([1], 0));
        await client.feed(sha256, blob);
        const twice = await lab.attempt(client.feed(sha256, blob));
        const rest = lab.shardsFor(manifest, "kernel").filter((shard) => shard.sha256 !== sha256);
        await Promise.all(rest.map((shard) => client.feed(shard.sha256)));
        await client.build();
        const { kl } = await lab.checkGolden(client, manifest.golden[0], 2);
        client.close();
        return { codes: [corrupt.code, unbuilt.code, early.code], twice: "ms" in JSON.parse(twice.value), kl };
        """
    )
    assert answer["codes"] == ["shard_corrupt", "shard_missing", "protocol"]
    assert answer["twice"]
    assert answer["kl"] < 0.02
    lab.page.close()


def test_scales_that_are_no_numbers_and_sizes_that_are_wrong_are_runtime_failures(
    profile: BrowserContext, model_server: StaticServer
) -> None:
    """Hashes are right: the manifest itself describes such a shard, and fetching it again would change nothing."""
    lab = Lab(profile, model_server.url)
    answers = lab.run(
        OPEN
        + """
        const bytes = new Uint8Array(await (await fetch(`models/shards/${weights.sha256}`)).arrayBuffer());
        const hashOf = async (data) => Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", data)),
          (byte) => byte.toString(16).padStart(2, "0")).join("");
        const answers = [];
        const scale = weights.tensors.find(({ name }) => name.endsWith(".scale"));
        const nan = bytes.slice();
        nan.set([0xff, 0x7f], scale.offset + 8);
        for (const data of [nan, new Uint8Array([...bytes, 0])]) {
          const changed = structuredClone(manifest);
          const sha256 = await hashOf(data);
          changed.shards.find((shard) => shard.sha256 === weights.sha256).sha256 = sha256;
          await open(changed);
          answers.push((await lab.attempt(client.feed(sha256, new Blob([data])))));
        }
        client.close();
        return answers.map(({ code, message }) => [code, message]);
        """
    )
    assert [code for code, _ in answers] == ["runtime_failure", "runtime_failure"]
    assert ".scale" in answers[0][1] or "layers." in answers[0][1]
    lab.page.close()


def test_a_model_that_it_does_not_compute_is_refused_before_its_weights_come(
    profile: BrowserContext, model_server: StaticServer
) -> None:
    lab = Lab(profile, model_server.url)
    answer = lab.run(
        OPEN
        + """
        const changed = structuredClone(manifest);
        changed.architecture.kv_heads = 2;
        const refused = await lab.attempt(open(changed));
        const large = (context) => lab.attempt(client.open(JSON.stringify({
          manifest: { ...manifest, architecture: { ...manifest.architecture, context_length: 2 ** 20 } },
          variant: "kernel", threads: 1, context,
        })));
        const codes = [refused, await large(180_000), await large(2 ** 20)].map(({ code }) => code);
        client.close();
        return codes;
        """
    )
    assert answer == ["backend_unavailable", "out_of_memory", "out_of_memory"]
    lab.page.close()
