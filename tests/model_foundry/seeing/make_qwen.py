"""Makes the folder ``qwen2vl`` beside this file, as make.py makes ``smolvlm``: a tiny random Qwen2-VL.

python tests/model_foundry/seeing/make_qwen.py
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import numpy as np
import torch
import transformers
from make import HERE, QUESTION, SIZES, families, picture
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
)

PATCH, MERGE, LEAST, MOST = 4, 2, 8 * 8 * 4, 8 * 8 * 24
MARKS = ["<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or "
    "'image_url' in content %}{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}"
    "Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Qwen2-VL's."""


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with Qwen2-VL's marks as control tokens. 320 tokens."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *MARKS]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("i", "n"), ("e", "r"), ("Ġ", "a"), ("th", "e"), ("Ġ", "the"), ("o", "n")]
    words = [*specials, *letters, *(left + right for left, right in merges)]
    words += [f"<|reserved_{index}|>" for index in range(320 - len(words))]
    made = Tokenizer(models.BPE({word: index for index, word in enumerate(words)}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        chat_template=TEMPLATE,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", *MARKS],
    )


def config(words: PreTrainedTokenizerFast) -> Qwen2VLConfig:
    sizes = {**families.SIZES, "vocab_size": 320, "hidden_size": 64}
    del sizes["head_dim"]
    ids = {f"{name}_token_id": words.convert_tokens_to_ids(f"<|{name}_pad|>") for name in ("image", "video")}
    ids |= {f"vision_{part}_token_id": words.convert_tokens_to_ids(f"<|vision_{part}|>") for part in ("start", "end")}
    vision = {
        "depth": 2,
        "embed_dim": 32,
        "hidden_size": 64,
        "num_heads": 2,
        "mlp_ratio": 2,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
    }
    return Qwen2VLConfig(
        **sizes,
        **ids,
        vision_config=vision,
        rope_theta=1e4,
        rope_scaling={"type": "mrope", "mrope_section": [2, 3, 3]},
        tie_word_embeddings=True,
        eos_token_id=2,
    )


def values(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if "visual" not in name:
        return families.weights(name, shape, random, 1.0)
    centre = 1.0 if ("norm" in name or "ln_q" in name) and name.endswith("weight") else 0.0
    deviation = 0.2 if len(shape) == 1 else 1.5 / np.sqrt(np.prod(shape[1:]))
    return random.normal(centre, deviation, shape).astype(np.float16).astype(np.float32)


def main() -> None:
    folder = HERE / "qwen2vl"
    shutil.rmtree(folder, ignore_errors=True)
    random = np.random.default_rng(12)
    words = tokenizer()
    model = Qwen2VLForConditionalGeneration(config(words))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(values(name, tuple(parameter.shape), random)))
    model.generation_config.eos_token_id = [words.eos_token_id]
    model.to(torch.float16).save_pretrained(folder)
    pictures = Qwen2VLImageProcessor(patch_size=PATCH, merge_size=MERGE, min_pixels=LEAST, max_pixels=MOST)
    pictures.save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    exact = Qwen2VLForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager"
    ).eval()
    said: dict[str, Any] = {"question": QUESTION, "pictures": {}}
    tensors: dict[str, np.ndarray] = {}
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    said["text"] = words.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    for name, (height, width) in SIZES.items():
        shown = pictures([picture(height, width)], return_tensors="pt")
        count = int(shown["image_grid_thw"].prod()) // MERGE**2
        ids = words.encode(said["text"].replace("<|image_pad|>", "<|image_pad|>" * count), add_special_tokens=False)
        tokens = torch.tensor([ids])
        with torch.no_grad():
            rows = exact.visual(shown["pixel_values"], grid_thw=shown["image_grid_thw"])
            logits = exact(input_ids=tokens, attention_mask=torch.ones_like(tokens), **shown).logits[0, -1].numpy()
        tensors[f"{name}.rows"] = rows.numpy()
        said["pictures"][name] = {
            "height": height,
            "width": width,
            "grid": shown["image_grid_thw"][0].tolist(),
            "ids": ids,
            "logits": [round(float(value), 6) for value in logits],
        }
    (folder / "expected.json").write_text(json.dumps(said, ensure_ascii=False) + "\n", "utf-8")
    save_file(tensors, folder / "expected.safetensors")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"torch {torch.__version__}, transformers {transformers.__version__}: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
