"""The recipes that the foundry and mergekit both carry out, and the parents that they name."""

from __future__ import annotations

from pathlib import Path

from tests.model_foundry.merging.tiny_parents import TinyParent

PARENTS = {
    "base": TinyParent(seed=1),
    "one": TinyParent(seed=2, offset_of=1),
    "two": TinyParent(seed=3, offset_of=1, files=3),
    "far": TinyParent(seed=4),
    "padded": TinyParent(seed=5, rows=40),
    "padded-too": TinyParent(seed=6, rows=40, offset_of=5),
    "untied": TinyParent(seed=7, model_type="qwen2", layers=2, tied=False),
    "untied-too": TinyParent(seed=8, model_type="qwen2", layers=2, tied=False, offset_of=7),
}

_TASK_MODELS = """
models:
  - model: base
  - model: one
    parameters: {weight: 0.7, density: 0.6}
  - model: two
    parameters:
      weight: [0.2, 0.5, 0.9]
      density: [{filter: mlp, value: [0.9, 0.3]}, {value: 0.5}]
base_model: base
"""

CASES = {
    "linear": """
merge_method: linear
models:
  - model: one
    parameters: {weight: 0.8}
  - model: two
    parameters: {weight: 0.4}
  - model: far
    parameters: {weight: [{filter: self_attn, value: [0, 0.5, 1]}, {value: 0.1}]}
dtype: float32
""",
    "linear-sum": """
merge_method: linear
models:
  - model: one
    parameters: {weight: 0.8}
  - model: far
    parameters: {weight: -0.3}
parameters: {normalize: false}
""",
    "slerp": """
merge_method: slerp
models:
  - model: base
  - model: far
base_model: base
parameters:
  t:
    - {filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1]}
    - {filter: mlp, value: [1, 0.5, 0.7, 0.3, 0]}
    - value: 0.5
dtype: float32
""",
    "slerp-near": """
merge_method: slerp
models:
  - model: one
base_model: base
parameters: {t: 0.3}
""",
    "slerp-slices": """
merge_method: slerp
base_model: base
slices:
  - sources:
      - {model: base, layer_range: [0, 3]}
      - {model: far, layer_range: [0, 3]}
    parameters: {t: [0.1, 0.9]}
  - sources:
      - {model: one, layer_range: [1, 2]}
      - {model: far, layer_range: [3, 4]}
    base_model: one
  - sources:
      - {model: base, layer_range: [1, 4]}
      - {model: two, layer_range: [1, 4]}
parameters: {t: 0.4}
""",
    "slerp-half": """
merge_method: slerp
models:
  - model: base
  - model: far
base_model: base
parameters: {t: 0.4}
dtype: bfloat16
""",
    "slerp-untied": """
merge_method: slerp
models:
  - model: untied
  - model: untied-too
base_model: untied
parameters: {t: 0.6}
dtype: float32
out_dtype: float16
""",
    "task-arithmetic": f"merge_method: task_arithmetic{_TASK_MODELS}parameters: {{lambda: 0.8}}",
    "task-arithmetic-mean": f"merge_method: task_arithmetic{_TASK_MODELS}parameters: {{normalize: true}}",
    "ties": f"merge_method: ties{_TASK_MODELS}parameters: {{int8_mask: true}}",
    "ties-sum": f"merge_method: ties{_TASK_MODELS}parameters: {{normalize: false, lambda: 1.3, rescale: true}}",
    "dare-linear": f"merge_method: dare_linear{_TASK_MODELS}",
    "dare-ties": f"merge_method: dare_ties{_TASK_MODELS}parameters: {{normalize: true}}",
    "dare-plain": f"merge_method: dare_ties{_TASK_MODELS}parameters: {{rescale: false}}",
    "passthrough": """
merge_method: passthrough
slices:
  - sources: [{model: base, layer_range: [0, 2]}]
  - sources:
      - model: far
        layer_range: [1, 4]
        parameters: {scale: [{filter: down_proj, value: 0.5}, {value: 1}]}
""",
    "tokenizer-base": """
merge_method: linear
models:
  - model: padded
    parameters: {weight: 0.5}
  - model: padded-too
    parameters: {weight: 0.25}
tokenizer_source: base
""",
    "tokenizer-multiple": """
merge_method: task_arithmetic
models:
  - model: padded-too
    parameters: {weight: 0.5}
base_model: padded
tokenizer: {source: padded-too, pad_to_multiple_of: 24}
""",
}

SEED = 7


def write_parents(folder: Path) -> None:
    for name, parent in PARENTS.items():
        parent.write(folder / name)
