"""Measures the perplexity of models on token sequences.

    python perplexity.py SETTINGS.json

Runs in the environment of model_foundry/training/requirements.lock. Prints a JSON line for each model and text.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM


def main(settings: dict[str, object]) -> None:
    torch.set_num_threads(settings["threads"])
    for name, folder in settings["models"].items():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        for text, sequences in settings["texts"].items():
            total, count = 0.0, 0
            with torch.inference_mode():
                for sequence in np.load(sequences).astype(np.int64):
                    tokens = torch.from_numpy(sequence)[None]
                    losses = torch.nn.functional.cross_entropy(model(tokens).logits[0, :-1], tokens[0, 1:])
                    total += float(losses) * (len(sequence) - 1)
                    count += len(sequence) - 1
            print(
                json.dumps({"model": name, "text": text, "tokens": count, "perplexity": math.exp(total / count)}),
                flush=True,
            )


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
