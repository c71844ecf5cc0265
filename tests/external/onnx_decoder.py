"""A decoder as an exporter writes it: plain ONNX ops from a safetensors folder, in float32 or int8.

Independent of our own graphs (model_foundry/graphs) on purpose: it stands for what others make. The
mathematics is that of transformers' modeling files of Llama, Qwen2, Mistral, Gemma, Qwen3 and SmolLM3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_foundry.importing.safetensors_folder import SafetensorsFolder

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Decoder:
    """One graph in the making. ``int8``: linear layers as onnxruntime's dynamic quantization writes them."""

    def __init__(self, folder: Path, *, int8: bool = False, positions: bool = True, keep: bool = False) -> None:
        self._weights = SafetensorsFolder(folder)
        self._config: dict[str, Any] = self._weights.config
        self._int8, self._positions, self._keep = int8, positions, keep
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._gemma = self._config["model_type"] == "gemma"

    def model(self) -> onnx.ModelProto:
        c, outputs = self._config, []
        layers, kv, dim = c["num_hidden_layers"], c["num_key_value_heads"], c["head_dim"]
        past = [f"past_key_values.{i}.{part}" for i in range(layers) for part in ("key", "value")]
        inputs = [_value("input_ids", INT64, [1, "s"]), _value("attention_mask", INT64, [1, "total"])]
        inputs += [_value("position_ids", INT64, [1, "s"])] if self._positions else []
        inputs += [_value("num_logits_to_keep", INT64, [])] if self._keep else []
        inputs += [_value(name, FLOAT, [1, kv, "past", dim]) for name in past]
        x = self._op("Gather", [self._constant("embedding", self._tensor("model.embed_tokens.weight")), "input_ids"])
        if self._gemma:
            x = self._op("Mul", [x, self._number(float(np.sqrt(c["hidden_size"])))])
        cos, sin, mask = self._rotation_and_mask()
        for layer in range(layers):
            x = self._layer(layer, x, cos, sin, mask)
            outputs += [_value(f"present.{layer}.{part}", FLOAT, [1, kv, "total", dim]) for part in ("key", "value")]
        x = self._norm(x, "model.norm.weight")
        if self._keep:
            start = self._op("Neg", [self._op("Reshape", ["num_logits_to_keep", self._integers(1)])])
            x = self._op("Slice", [x, start, self._integers(2**31), self._integers(1)])
        tied = c.get("tie_word_embeddings") or "lm_head.weight" not in self._weights.tensor_names
        head = "model.embed_tokens" if tied else "lm_head"
        self._linear(x, head, to="logits")
        graph = helper.make_graph(
            self._nodes,
            "decoder",
            inputs,
            [_value("logits", FLOAT, [1, "rows", c["vocab_size"]]), *outputs],
            list(self._constants.values()),
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _tensor(self, name: str) -> np.ndarray:
        return self._weights.tensor(name)

    def _op(self, kind: str, inputs: list[str], to: str = "", **attributes: Any) -> str:
        name = to or f"v{len(self._nodes)}"
        cast = {"to": attributes.pop("to_")} if "to_" in attributes else {}
        self._nodes.append(helper.make_node(kind, inputs, [name], **cast, **attributes))
        return name

    def _constant(self, name: str, value: np.ndarray) -> str:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def _number(self, value: float) -> str:
        return self._constant(f"f{value}", np.array(value, np.float32))

    def _integers(self, *values: int) -> str:
        return self._constant("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def _rotation_and_mask(self) -> tuple[str, str, str]:
        """cos and sin F32 [1, 1, s, dim], and what is added to scores, F32 [1, 1, s, total]."""
        rows = self._op("Gather", [self._op("Shape", ["past_key_values.0.key"]), self._scalar(2)])
        total = self._op("Gather", [self._op("Shape", ["attention_mask"]), self._scalar(1)])
        if self._positions:
            positions = "position_ids"
        else:
            counted = self._op("Range", [rows, total, self._scalar(1)])
            positions = self._op("Unsqueeze", [counted, self._integers(0)])
        dim = self._config["head_dim"]
        frequencies = self._config["rope_theta"] ** -(np.arange(0, dim, 2, dtype=np.float32) / dim)
        at = self._op("Unsqueeze", [self._op("Cast", [positions], to_=FLOAT), self._integers(-1)])
        angles = self._op("Mul", [at, self._constant("frequencies", frequencies.astype(np.float32))])
        angles = self._op("Unsqueeze", [self._op("Concat", [angles, angles], axis=-1), self._integers(1)])
        keys = self._op("Range", [self._scalar(0), total, self._scalar(1)])
        queries = self._op("Unsqueeze", [positions, self._integers(-1)])
        seen = self._op("LessOrEqual", [keys, queries])
        if self._config.get("sliding_window"):
            oldest = self._op("Sub", [queries, self._scalar(self._config["sliding_window"])])
            seen = self._op("And", [seen, self._op("Greater", [keys, oldest])])
        given = self._op("Unsqueeze", [self._op("Cast", ["attention_mask"], to_=TensorProto.BOOL), self._integers(1)])
        seen = self._op("Unsqueeze", [self._op("And", [seen, given]), self._integers(1)])
        mask = self._op("Where", [seen, self._number(0.0), self._number(-1e9)])
        return self._op("Cos", [angles]), self._op("Sin", [angles]), mask

    def _scalar(self, value: int) -> str:
        return self._constant(f"n{value}", np.array(value, np.int64))

    def _layer(self, layer: int, x: str, cos: str, sin: str, mask: str) -> str:
        c, name = self._config, f"model.layers.{layer}"
        normed = self._norm(x, f"{name}.input_layernorm.weight")
        heads, kv, dim = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        query = self._heads(normed, f"{name}.self_attn.q_proj", heads)
        key = self._heads(normed, f"{name}.self_attn.k_proj", kv)
        if c.get("no_rope_layers", [1] * (layer + 1))[layer]:
            query, key = self._turned(query, cos, sin), self._turned(key, cos, sin)
        value = self._heads(normed, f"{name}.self_attn.v_proj", kv)
        key = self._op("Concat", [f"past_key_values.{layer}.key", key], f"present.{layer}.key", axis=2)
        value = self._op("Concat", [f"past_key_values.{layer}.value", value], f"present.{layer}.value", axis=2)
        turned = self._op("Transpose", [self._repeated(key)], perm=[0, 1, 3, 2])
        scores = self._op("Mul", [self._op("MatMul", [query, turned]), self._number(dim**-0.5)])
        shares = self._op("Softmax", [self._op("Add", [scores, mask])], axis=-1)
        mixed = self._op("Transpose", [self._op("MatMul", [shares, self._repeated(value)])], perm=[0, 2, 1, 3])
        flat = self._op("Reshape", [mixed, self._integers(1, -1, heads * dim)])
        x = self._op("Add", [x, self._linear(flat, f"{name}.self_attn.o_proj")])
        normed = self._norm(x, f"{name}.post_attention_layernorm.weight")
        gate = self._activated(self._linear(normed, f"{name}.mlp.gate_proj"))
        inner = self._op("Mul", [gate, self._linear(normed, f"{name}.mlp.up_proj")])
        return self._op("Add", [x, self._linear(inner, f"{name}.mlp.down_proj")])

    def _heads(self, x: str, module: str, heads: int) -> str:
        split = self._op("Reshape", [self._linear(x, module), self._integers(1, -1, heads, self._config["head_dim"])])
        norm = f"{module.removesuffix('_proj')}_norm.weight"
        if norm in self._weights.tensor_names:
            split = self._norm(split, norm)
        return self._op("Transpose", [split], perm=[0, 2, 1, 3])

    def _turned(self, x: str, cos: str, sin: str) -> str:
        half = self._config["head_dim"] // 2
        low = self._op("Slice", [x, self._integers(0), self._integers(half), self._integers(3)])
        high = self._op("Slice", [x, self._integers(half), self._integers(2 * half), self._integers(3)])
        rotated = self._op("Concat", [self._op("Neg", [high]), low], axis=-1)
        return self._op("Add", [self._op("Mul", [x, cos]), self._op("Mul", [rotated, sin])])

    def _repeated(self, x: str) -> str:
        c = self._config
        kv, times, dim = c["num_key_value_heads"], c["num_attention_heads"] // c["num_key_value_heads"], c["head_dim"]
        wide = self._op("Unsqueeze", [x, self._integers(2)])
        wide = self._op("Tile", [wide, self._integers(1, 1, times, 1, 1)])
        return self._op("Reshape", [wide, self._integers(1, kv * times, -1, dim)])

    def _norm(self, x: str, name: str) -> str:
        squares = self._op("ReduceMean", [self._op("Mul", [x, x])], axes=[-1])
        root = self._op("Sqrt", [self._op("Add", [squares, self._number(self._config["rms_norm_eps"])])])
        weight = self._tensor(name) + np.float32(1 if self._gemma else 0)
        return self._op("Mul", [self._op("Div", [x, root]), self._constant(name, weight)])

    def _activated(self, x: str) -> str:
        if not self._gemma:
            return self._op("Mul", [x, self._op("Sigmoid", [x])])
        cube = self._op("Mul", [self._op("Mul", [x, x]), x])
        inner = self._op("Add", [x, self._op("Mul", [cube, self._number(0.044715)])])
        tanh = self._op("Tanh", [self._op("Mul", [inner, self._number(float(np.sqrt(2 / np.pi)))])])
        gate = self._op("Mul", [self._op("Add", [tanh, self._number(1.0)]), self._number(0.5)])
        return self._op("Mul", [x, gate])

    def _linear(self, x: str, module: str, to: str = "") -> str:
        weight = self._tensor(f"{module}.weight").T
        biased = f"{module}.bias" in self._weights.tensor_names
        target = "" if biased else to
        if self._int8:
            product = self._in_int8(x, module, weight, target)
        else:
            product = self._op("MatMul", [x, self._constant(f"{module}.t", weight)], target)
        if not biased:
            return product
        return self._op("Add", [product, self._constant(f"{module}.bias", self._tensor(f"{module}.bias"))], to)

    def _in_int8(self, x: str, module: str, weight: np.ndarray, to: str) -> str:
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-9).astype(np.float32) / 127
        whole = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        q, s, zero = (f"{module}.{len(self._nodes)}.{part}" for part in ("q", "scale", "zero"))
        self._nodes.append(helper.make_node("DynamicQuantizeLinear", [x], [q, s, zero]))
        product = self._op("MatMulInteger", [q, self._constant(f"{module}.q", whole), zero])
        scales = self._op("Mul", [s, self._constant(f"{module}.s", scale)])
        return self._op("Mul", [self._op("Cast", [product], to_=FLOAT), scales], to)


def _value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
