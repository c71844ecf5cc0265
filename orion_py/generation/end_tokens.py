"""Lists tokens that end an answer in any model that has them as special tokens (llama.cpp, ``special_eog_ids``)."""

from __future__ import annotations

END_TOKENS = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
)
