"""Lists who takes part in ``generate``, what each does, and which figures come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench import kernel
from bench.prompt import Prompt
from orion_py.manifest.manifest import Manifest

LITE = "smollm2-135m-instruct"
FULL = "qwen2.5-coder-0.5b-instruct"
LARGE = "qwen2.5-coder-1.5b-instruct"

VARIANT = "wasm-int8"
"""What onnxruntime runs on the processor."""
STEPS = 64
CONTEXTS = {LARGE: 4096}
CONTEXT = 2048
"""Tokens of the cache, where ``CONTEXTS`` doesn't say others."""
LONG_PROMPT = 512
FAR = 1500
"""Tokens before the one that is decoded, in the part ``context``."""

KERNEL = "ORION kernel"
PLAIN = "ORION kernel, plain SIMD"
NARROW = "ORION kernel, 8-bit cache"
READ = "ORION kernel, plain read"
ORT = "ORION, onnxruntime"
NATIVE = "llama.cpp, native"
TRANSFORMERS = "transformers.js, q8"

METRICS = {"prefill_tps": ("prefill", "tokens/s"), "decode_tps": ("decode", "tokens/s")}
PYTHON = {
    "python_percent": ("Python's share", "% of a step"),
    "beside_percent": ("Python beside the model", "% of a step"),
}
PREFILL_LONG = f"prefill of {LONG_PROMPT}"
DECODE_FAR = f"decode at {FAR:,}"
ROWS = "8 rows verified"
MEMORY = "WASM memory"
START = "worker start to first token"
BANDWIDTH = "plain read"
LIMIT = "decode, at most"

GGUFS = {
    LITE: (("Q4_1", "q4_1.gguf"), ("Q8_0", "q8_0.gguf")),
    FULL: (("Q4_K_M", "source.gguf"),),
    LARGE: (("Q4_K_M", "source.gguf"),),
}
"""What wllama runs of each model: a title, and the file below weights/. The first is ORION's source, which native
llama.cpp runs."""

GREEDY = {"temperature": 0.0, "repetition_penalty": 1.0, "seed": 1}
SAMPLED = {"seed": 1}

TRANSFORMERS_RUNTIME = ".asyncify"
"""The build of onnxruntime-web that transformers.js chooses by default."""


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of run: what the contender is given, and the figures that come back."""

    runs: tuple[dict[str, Any], ...] = ({},)
    """Given to run number i: gone through again and again."""
    metrics: dict[str, tuple[str, str]] = field(default_factory=lambda: dict(METRICS))
    exact_prompt: bool = True
    """Whether each run has to read ``prompt.TOKENS`` tokens and to write ``STEPS``."""


ANSWER = Part()
PROMPT = Part(({"part": "prompt", "length": LONG_PROMPT},), {"prefill_tps": (PREFILL_LONG, "tokens/s")}, False)
EIGHT_ROWS = Part(({"part": "rows"},), {"rows_in_steps": (ROWS, "single steps")}, False)
FAR_ON = Part(({"part": "context", "position": FAR},), {"decode_tps": (DECODE_FAR, "tokens/s")}, False)
OWN = (ANSWER, PROMPT, EIGHT_ROWS, FAR_ON)
PLAIN_READ = Part(
    metrics={"gigabytes_per_second": (BANDWIDTH, "GB/s"), "limit_tps": (LIMIT, "tokens/s")}, exact_prompt=False
)

LOADING = {"first_token_ms": (START, "ms", 1.0), "memory_bytes": (MEMORY, "MB", 1e-6)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender: the module that runs it, what that is given, and its kinds of runs."""

    name: str
    module: str
    options: dict[str, Any]
    parts: tuple[Part, ...] = (ANSWER,)
    loading: dict[str, tuple[str, str, float]] = field(default_factory=dict)
    """Figures among the facts that preparing gives: a metric, its unit, and what the fact is multiplied by."""


def context_of(model: str) -> int:
    """Tokens of the cache with which ``model`` is measured."""
    return CONTEXTS.get(model, CONTEXT)


def entries_for(asked: Prompt, manifest: Manifest, threads: int, *, peers: bool) -> Iterator[Entry]:
    """Who takes part. transformers.js isn't given another model than Lite: it is exported for that one."""
    model = manifest.model
    common = {"threads": threads, "context": context_of(model), "steps": STEPS}
    own = {**common, "model": model}
    parts = OWN if threads > 1 else (ANSWER,)
    on_kernel = {**own, "variant": kernel.derived(manifest)["id"], "derived": kernel.derived(manifest)}
    for name, site in ((KERNEL, "orion"), (PLAIN, "orion-plain")):
        yield Entry(name, "orion-inference", {**on_kernel, "site": site, "tokens": asked.tokens}, parts, LOADING)
    if threads > 1:
        narrow = kernel.narrow(manifest)
        given = {**on_kernel, "variant": narrow["id"], "derived": narrow, "site": "orion", "tokens": asked.tokens}
        yield Entry(NARROW, "orion-inference", given, parts, LOADING)
    spans = kernel.as_options(kernel.reads(manifest))
    yield Entry(READ, "orion-read", {**on_kernel, "site": "orion", "reads": spans}, (PLAIN_READ,))
    onnx = {**own, "site": "orion", "variant": VARIANT, "tokens": asked.tokens}
    yield Entry(ORT, "orion-inference", onnx, parts, LOADING)
    yield from engines(asked, own)
    if peers:
        yield from peers_of(asked, model, common)


def engines(asked: Prompt, own: dict[str, Any]) -> Iterator[Entry]:
    """The whole engine, Python in the loop, on either runner."""
    metrics = {**METRICS, **PYTHON}
    # Another question each time, with the same number of words: a repeated one would find its prompt in the cache.
    questions = [f"{word} {asked.query}" for word in ("Now", "Then", "So", "Well", "Please", "Today", "Here", "Again")]
    for runner, title, options in (
        ("kernel", "greedy", GREEDY),
        ("kernel", "the agent's sampling", SAMPLED),
        ("onnxruntime", "the agent's sampling", SAMPLED),
    ):
        runs = tuple({"query": question, "options": options} for question in questions)
        part = Part(runs, metrics, exact_prompt=False)
        yield Entry(f"ORION, whole engine, {runner}, {title}", "orion-engine", {**own, "runner": runner}, (part,))


def peers_of(asked: Prompt, model: str, common: dict[str, Any]) -> Iterator[Entry]:
    """The same model elsewhere."""
    text = {**common, "text": asked.text}
    for title, file in GGUFS[model]:
        yield Entry(f"wllama, {title}", "wllama", {**text, "gguf": file})
    yield Entry(NATIVE, "native", {**common, "tokens": asked.tokens, "gguf": GGUFS[model][0][1]})
    if model == LITE:
        yield Entry(TRANSFORMERS, "transformers", {**text, "runtime": TRANSFORMERS_RUNTIME})
