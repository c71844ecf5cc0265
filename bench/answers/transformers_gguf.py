"""Runs Hugging Face transformers in float32 over a GGUF: a reference implementation that shares no code with ours.

    PYTHON bench/answers/transformers_gguf.py FILE.gguf [--tokenizer FILE] [--batch 8] [--threads 2]

where PYTHON has requirements.lock beside this file. The tokenizer, a tokenizer.json or a tokenizer shard, is needed
only to end an answer early: prompts come as tokens. Answers in batches, padded on the left: a token costs one pass
over the weights for all of a batch. Speaks the protocol of model_foundry/measuring/subjects/command.py.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args(arguments)


class Reference:
    def __init__(self, gguf: Path, tokenizer: Path | None, threads: int) -> None:
        import torch
        from tokenizers import Tokenizer
        from transformers import AutoModelForCausalLM

        torch.set_num_threads(threads)
        self._torch = torch
        folder, name = str(gguf.absolute().parent), gguf.name
        self._tokenizer = None
        if tokenizer:
            definition = json.loads(tokenizer.read_bytes())
            self._tokenizer = Tokenizer.from_str(json.dumps(definition.get("tokenizer", definition)))
        self._model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()

    def score(self, request: dict[str, Any]) -> dict[str, Any]:
        torch, context = self._torch, request["context"]
        logprobs, top = [], []
        for continuation in request["continuations"]:
            with torch.inference_mode():
                logits = self._model(torch.tensor([context + continuation[:-1]])).logits[0, len(context) - 1 :]
            rows = torch.log_softmax(logits.double(), dim=-1)
            logprobs.append([float(row[token]) for row, token in zip(rows, continuation, strict=True)])
            top.append([int(row.argmax()) for row in rows])
        return {"id": request["id"], "logprobs": logprobs, "top": top}

    def generate(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Greedy answers to a batch. What is complete is taken out of it."""
        torch = self._torch
        answers: list[list[int]] = [[] for _ in requests]
        live = list(range(len(requests)))
        longest = max(len(request["prompt"]) for request in requests)
        padding = [longest - len(request["prompt"]) for request in requests]
        ids = torch.tensor([[0] * pad + r["prompt"] for pad, r in zip(padding, requests, strict=True)])
        mask = torch.tensor([[0] * pad + [1] * len(r["prompt"]) for pad, r in zip(padding, requests, strict=True)])
        past = None
        with torch.inference_mode():
            while live:
                positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
                out = self._model(
                    ids,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=past,
                    use_cache=True,
                    logits_to_keep=1,
                )
                past = out.past_key_values
                chosen = out.logits[:, -1].argmax(-1)
                going = []
                for row, index in enumerate(live):
                    token, request = int(chosen[row]), requests[index]
                    if token in request["eos"]:
                        continue
                    answers[index].append(token)
                    if len(answers[index]) < request["max_tokens"] and not self._complete(request, answers[index]):
                        going.append(row)
                if len(going) < len(live):
                    past.batch_select_indices(torch.tensor(going, dtype=torch.long))
                    mask, chosen = mask[going], chosen[going]
                    live = [live[row] for row in going]
                ids = chosen[:, None]
                mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
        return [{"id": r["id"], "tokens": tokens} for r, tokens in zip(requests, answers, strict=True)]

    def _complete(self, request: dict[str, Any], tokens: list[int]) -> bool:
        until = request.get("until")
        return bool(until and self._tokenizer and re.search(until, self._tokenizer.decode(tokens)))


def main() -> int:
    options = parse()
    requests = [json.loads(line) for line in sys.stdin if line.strip()]
    reference = Reference(options.gguf, options.tokenizer, options.threads)
    print(f"answering {len(requests)} requests", file=sys.stderr)
    for request in requests:
        if request["kind"] == "score":
            print(json.dumps(reference.score(request)), flush=True)
    asked = [request for request in requests if request["kind"] == "generate"]
    for first in range(0, len(asked), options.batch):
        for answer in reference.generate(asked[first : first + options.batch]):
            print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
