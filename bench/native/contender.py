"""Runs llama.cpp on the processor as a contender, with the interpreter that prepare.py made.

A line of JSON on standard input, {"method", "options"}, is answered by one on standard output, {"result"} or
{"error"}. ``prepare`` loads a GGUF; ``run`` has it read the prompt and write greedily, as
pages/contenders/orion-inference.js does: the token is taken from the logits here.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from typing import Any

import llama_cpp as cpp
import numpy as np

BATCH = 512


class Model:
    """One GGUF in memory, with one context."""

    def __init__(self, gguf: str, threads: int, context: int, tokens: list[int], steps: int) -> None:
        self.tokens, self.steps = tokens, steps
        wanted = cpp.llama_model_default_params()
        wanted.n_gpu_layers = 0
        model = cpp.llama_model_load_from_file(gguf.encode(), wanted)
        if not model:
            raise RuntimeError(f"llama.cpp can't load {gguf}")
        how = cpp.llama_context_default_params()
        how.n_ctx, how.n_batch, how.n_threads, how.n_threads_batch = context, BATCH, threads, threads
        self.context = cpp.llama_init_from_model(model, how)
        if not self.context:
            raise RuntimeError("llama.cpp makes no context")
        self.vocabulary = cpp.llama_vocab_n_tokens(cpp.llama_model_get_vocab(model))

    def forward(self, tokens: list[int]) -> int:
        """Runs ``tokens`` behind those before them; the likeliest next one."""
        kept = (cpp.llama_token * len(tokens))(*tokens)  # the batch only points to it
        if cpp.llama_decode(self.context, cpp.llama_batch_get_one(kept, len(tokens))):
            raise RuntimeError("llama.cpp failed to decode")
        logits = cpp.llama_get_logits_ith(self.context, -1)
        return int(np.ctypeslib.as_array(logits, shape=(self.vocabulary,)).argmax())

    def run(self) -> dict[str, Any]:
        """The figures of one answer."""
        cpp.llama_memory_clear(cpp.llama_get_memory(self.context), True)
        begun = time.perf_counter()
        written = [self.forward(self.tokens)]
        first = time.perf_counter()
        for _ in range(self.steps):
            written.append(self.forward(written[-1:]))
        ended = time.perf_counter()
        return {
            "prompt": len(self.tokens),
            "completion": len(written),
            "prefill_tps": len(self.tokens) / (first - begun),
            "decode_tps": self.steps / (ended - first),
            "tokens": written,
        }


@cpp.llama_log_callback
def _silence(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """llama.cpp tells a lot about each model."""


def main() -> None:
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cpp.llama_log_set(_silence, ctypes.c_void_p(0))
    cpp.llama_backend_init()
    model: Model | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if asked["method"] == "prepare":
                started = time.perf_counter()
                model = Model(**asked["options"])
                features = cpp.llama_print_system_info().decode()
                facts = {"version": cpp.__version__, "features": features}
                answer: dict[str, Any] = {"result": {**facts, "load_ms": (time.perf_counter() - started) * 1000}}
            elif model is None:
                answer = {"error": "nothing was prepared"}
            else:
                answer = {"result": model.run()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
