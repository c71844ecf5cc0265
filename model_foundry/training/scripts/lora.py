"""Trains a LoRA adapter on token sequences and folds it into the weights.

    python lora.py SETTINGS.json

Runs in the environment of model_foundry/training/requirements.lock. Method: https://arxiv.org/abs/2106.09685.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM


def main(settings: dict[str, object]) -> None:
    torch.manual_seed(settings["seed"])
    torch.set_num_threads(settings["threads"])
    # Sequences of equal length, [count, length + 1]: inputs and, one later, what follows.
    sequences = torch.from_numpy(np.load(settings["sequences"]).astype(np.int64))
    model = AutoModelForCausalLM.from_pretrained(settings["model"], dtype=torch.float32)
    model.config.use_cache = False
    adapter = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=0.0,
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, adapter)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=settings["learning_rate"], weight_decay=0.0)
    steps, batch = settings["steps"], settings["batch"]
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    order = torch.randperm(len(sequences), generator=torch.Generator().manual_seed(settings["seed"]))
    losses, started = [], time.monotonic()
    model.train()
    for step in range(steps):
        chosen = sequences[order[torch.arange(step * batch, (step + 1) * batch) % len(order)]]
        loss = model(input_ids=chosen, labels=chosen).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        losses.append(float(loss.detach()))
        print(json.dumps({"step": step + 1, "of": steps, "loss": round(losses[-1], 4)}), flush=True)
    merged = model.merge_and_unload()
    merged.config.use_cache = True
    weights = {name: tensor.contiguous() for name, tensor in merged.state_dict().items()}
    if merged.config.tie_word_embeddings:
        weights.pop("lm_head.weight", None)
    from safetensors.torch import save_file

    save_file(weights, str(Path(settings["out"]) / "model.safetensors"), metadata={"format": "pt"})
    facts = {
        "trained_parameters": sum(parameter.numel() for parameter in trained),
        "losses": losses,
        "seconds": round(time.monotonic() - started, 1),
        "torch": torch.__version__,
    }
    (Path(settings["out"]) / "training.json").write_text(json.dumps(facts))


def _rate(step: int, steps: int) -> float:
    """A tenth of the steps up, then half a cosine down to a tenth of the rate."""
    rise = max(1, steps // 10)
    if step < rise:
        return (step + 1) / rise
    share = (step - rise) / max(1, steps - rise)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * share))


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
