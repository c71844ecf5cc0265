"""Makes the folder ``smolvlm`` beside this file: a tiny random model that sees, as transformers saves and computes it.

    python tests/model_foundry/seeing/make.py        (torch, transformers and Pillow, in an environment of their own)

``expected.json`` holds, for each of some pictures (``picture`` below), the text and the token ids that the processor
makes of a question about it, and the logits at the last place; ``expected.safetensors`` the pixels and the encoder's
rows of each tile. Made once with torch 2.13.0, transformers 4.52.4 and Pillow 11.3.0. Transformers 4.57.6 gives patch i
of a row the learned position i - 1 (it scales by 1 - 1e-6 and rounds down), which the published models weren't trained
with; Pillow 13 scales in another order.

Weights lie where the foundry's forms lose nothing: the encoder's are float16, the decoder's on the
grids of ../families/make.py.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessor,
    Idefics3Processor,
    PreTrainedTokenizerFast,
)

HERE = Path(__file__).parent
_spec = importlib.util.spec_from_file_location("families_make", HERE.parent / "families" / "make.py")
assert _spec is not None
assert _spec.loader is not None
families = importlib.util.module_from_spec(_spec)
sys.modules["families_make"] = families
_spec.loader.exec_module(families)

SIDE, LONGEST, PATCH, SHUFFLE = 32, 64, 8, 2
SIZES = {"wide": (37, 50), "high": (90, 41), "square": (64, 64), "strip": (20, 200)}
QUESTION = "what is on the plate?"
TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""SmolVLM's."""


def picture(height: int, width: int) -> np.ndarray:
    """uint8 [height, width, 3], the same here and in the tests."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(x / (3 + c) + y / (7 - c) + c) for c in range(3)]
    return np.rint(127.5 + 100 * np.stack(waves, axis=2)).astype(np.uint8)


def tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE with SmolVLM's marks as control tokens. 320 tokens."""
    marks = ["<fake_token_around_image>", "<global-img>", "<image>", "<end_of_utterance>"]
    marks += [f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2)]
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *marks]
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
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        additional_special_tokens=["<|im_end|>", *(mark for mark in marks if mark != "<end_of_utterance>")],
    )


def config(words: PreTrainedTokenizerFast) -> Idefics3Config:
    text = families.SIZES | {"vocab_size": 320, "rope_theta": 1e4, "model_type": "llama"}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": PATCH,
    }
    return Idefics3Config(
        text_config=text | {"bos_token_id": 1, "eos_token_id": 6},
        vision_config=vision,
        scale_factor=SHUFFLE,
        image_token_id=words.convert_tokens_to_ids("<image>"),
        pad_token_id=None,
        tie_word_embeddings=False,
    )


def values(name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    if "text_model" in name or name == "lm_head.weight":
        return families.weights(name, shape, random, 1.0)
    centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
    deviation = 0.2 if len(shape) == 1 else 1.5 / np.sqrt(np.prod(shape[1:]))
    return random.normal(centre, deviation, shape).astype(np.float16).astype(np.float32)


def expected(model: Any, processor: Idefics3Processor, folder: Path) -> None:
    said: dict[str, Any] = {"question": QUESTION, "pictures": {}}
    tensors: dict[str, np.ndarray] = {}
    chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    text = processor.apply_chat_template(chat, add_generation_prompt=True)
    for name, (height, width) in SIZES.items():
        inputs = processor(text=text, images=[picture(height, width)], return_tensors="pt")
        with torch.no_grad():
            rows = model.model.get_image_features(inputs["pixel_values"], inputs["pixel_attention_mask"])
            logits = model(**inputs).logits[0, -1].numpy()
        tensors[f"{name}.pixels"] = inputs["pixel_values"][0].numpy()
        tensors[f"{name}.rows"] = rows.numpy()
        said["pictures"][name] = {
            "height": height,
            "width": width,
            "ids": inputs["input_ids"][0].tolist(),
            "logits": [round(float(value), 6) for value in logits],
        }
    (folder / "expected.json").write_text(json.dumps({"text": text, **said}, ensure_ascii=False) + "\n", "utf-8")
    save_file(tensors, folder / "expected.safetensors")


def main() -> None:
    folder = HERE / "smolvlm"
    shutil.rmtree(folder, ignore_errors=True)
    random = np.random.default_rng(11)
    words = tokenizer()
    model = Idefics3ForConditionalGeneration(config(words))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(values(name, tuple(parameter.shape), random)))
    model.generation_config.eos_token_id = [words.eos_token_id]
    model.to(torch.float16).save_pretrained(folder)
    pictures = Idefics3ImageProcessor(size={"longest_edge": LONGEST}, max_image_size={"longest_edge": SIDE})
    processor = Idefics3Processor(
        pictures, words, image_seq_len=(SIDE // PATCH // SHUFFLE) ** 2, chat_template=TEMPLATE
    )
    processor.save_pretrained(folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    exact = Idefics3ForConditionalGeneration.from_pretrained(
        folder, torch_dtype=torch.float32, attn_implementation="eager"
    )
    expected(exact.eval(), processor, folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"torch {torch.__version__}, transformers {transformers.__version__}: {size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
