"""Writes Whisper as transformers.js takes it: two ONNX graphs and the files beside them, of the weights that ORION has.

No package carries such a folder of Whisper base. So ORION's own graphs (``model_foundry.senses.whisper``) are regrouped
as Optimum exports them, with the same operators and the same 8 bits: an encoder over 30 s that gives what it heard, and
a decoder that computes keys and values of that at its first call, and is given them afterwards.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

from model_foundry.senses.ctranslate2_file import CTranslate2File, read_ctranslate2
from model_foundry.senses.whisper import WhisperShape, decoder_graph, encoder_graph

_HEARD = "encoder/layer_norm.y"
"""What the encoder's last layer gives."""
_SECONDS, _RATE = 30, 16_000
NAME = "whisper"
"""The folder's name."""


def write(model: Path, tokenizer: Path, config: Path, folder: Path) -> None:
    """``model``, ``tokenizer`` and ``config``: CTranslate2's files. Raises FoundryError."""
    file = read_ctranslate2(model)
    encoder, decoder = graphs(file)
    (folder / "onnx").mkdir(parents=True)
    (folder / "onnx" / "encoder_model_quantized.onnx").write_bytes(encoder)
    (folder / "onnx" / "decoder_model_merged_quantized.onnx").write_bytes(decoder)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    added = {row["content"]: row["id"] for row in json.loads(tokenizer.read_text("utf-8"))["added_tokens"]}
    rules = json.loads(config.read_text("utf-8"))
    for name, content in _beside(WhisperShape(file), added, rules).items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")


def graphs(file: CTranslate2File) -> tuple[bytes, bytes]:
    """Encoder and decoder, as ONNX."""
    shape = WhisperShape(file)
    encoder, decoder = (onnx.load_from_string(make(file)).graph for make in (encoder_graph, decoder_graph))
    crossing = _behind(encoder, _HEARD)
    hears = [node for node in encoder.node if node not in crossing]
    heard = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [1, shape.frames, shape.hidden])
    mel = helper.make_tensor_value_info("input_features", TensorProto.FLOAT, [1, shape.mels, 2 * shape.frames])
    named = _renamed(hears, {"mel": "input_features", _HEARD: "last_hidden_state"})
    first = helper.make_graph(named, "encoder", [mel], [heard], _used(encoder.initializer, named))
    return _whole(first), _whole(_decoder(shape, encoder, decoder, crossing))


def _decoder(
    shape: WhisperShape, encoder: onnx.GraphProto, decoder: onnx.GraphProto, crossing: list[onnx.NodeProto]
) -> onnx.GraphProto:
    layers, sides = range(shape.decoder_layers), ("key", "value")
    crossed = [f"cross_{side}.{layer}" for layer in layers for side in sides]
    given = [f"past_key_values.{layer}.encoder.{side}" for layer in layers for side in sides]
    size: list[int | str] = [1, shape.heads, "frames", shape.head]
    computed = _renamed(
        crossing,
        {name: f"first.{name}" for node in crossing for name in node.output} | {_HEARD: "encoder_hidden_states"},
    )
    first = _branch("first", computed, [f"first.{name}" for name in crossed], size)
    later_nodes = [
        helper.make_node("Identity", [past], [f"later.{name}"]) for past, name in zip(given, crossed, strict=True)
    ]
    later = _branch("later", later_nodes, [f"later.{name}" for name in crossed], size)
    names = {"tokens": "input_ids", "logits": "logits.last"}
    for layer in layers:
        for side in sides:
            names[f"past_{side}.{layer}"] = f"past_key_values.{layer}.decoder.{side}"
            names[f"{side}.{layer}"] = f"present.{layer}.decoder.{side}"
    nodes = [
        helper.make_node("If", ["use_cache_branch"], crossed, then_branch=later, else_branch=first),
        *_renamed(decoder.node, names),
        *(
            helper.make_node("Identity", [name], [past.replace("past_key_values", "present")])
            for name, past in zip(crossed, given, strict=True)
        ),
        helper.make_node("Unsqueeze", ["logits.last", "axis"], ["logits"]),
    ]
    own = [f"past_key_values.{layer}.decoder.{side}" for layer in layers for side in sides]
    inputs = [
        helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "n"]),
        helper.make_tensor_value_info("encoder_hidden_states", TensorProto.FLOAT, [1, "frames", shape.hidden]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, shape.heads, "p", shape.head]) for name in own),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name in given),
        helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]),
    ]
    kept = [name.replace("past_key_values", "present") for name in (*own, *given)]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1, shape.vocabulary]),
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, shape.heads, "q", shape.head]) for name in kept),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    constants = [*decoder.initializer, axis]
    there = {constant.name for constant in constants}
    constants += [each for each in _used(encoder.initializer, computed) if each.name not in there]
    return helper.make_graph(nodes, "decoder", inputs, outputs, constants)


def _behind(graph: onnx.GraphProto, name: str) -> list[onnx.NodeProto]:
    """The nodes that need ``name``."""
    found, known = [], {name}
    for node in graph.node:
        if known.intersection(node.input):
            found.append(node)
            known.update(node.output)
    return found


def _renamed(nodes: Iterable[onnx.NodeProto], names: Mapping[str, str]) -> list[onnx.NodeProto]:
    made = []
    for node in nodes:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        for field in (copy.input, copy.output):
            renamed = [names.get(name, name) for name in field]
            del field[:]
            field.extend(renamed)
        made.append(copy)
    return made


def _used(constants: Iterable[TensorProto], nodes: Iterable[onnx.NodeProto]) -> list[TensorProto]:
    wanted = {name for node in nodes for name in node.input}
    return [constant for constant in constants if constant.name in wanted]


def _branch(name: str, nodes: list[onnx.NodeProto], outputs: list[str], size: list[int | str]) -> onnx.GraphProto:
    made = [helper.make_tensor_value_info(output, TensorProto.FLOAT, size) for output in outputs]
    return helper.make_graph(nodes, name, [], made)


def _whole(graph: onnx.GraphProto) -> bytes:
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    return model


def _beside(shape: WhisperShape, added: Mapping[str, int], rules: Mapping[str, Any]) -> dict[str, Any]:
    """The files' contents by their names, as the model's publisher has them."""
    start, end = added["<|startoftranscript|>"], added["<|endoftext|>"]
    names = {number: name for name, number in added.items()}
    return {
        "config": {
            "model_type": "whisper",
            "architectures": ["WhisperForConditionalGeneration"],
            "is_encoder_decoder": True,
            "d_model": shape.hidden,
            "encoder_layers": shape.encoder_layers,
            "encoder_attention_heads": shape.heads,
            "decoder_layers": shape.decoder_layers,
            "decoder_attention_heads": shape.heads,
            "num_mel_bins": shape.mels,
            "max_source_positions": shape.frames,
            "max_target_positions": shape.context,
            "vocab_size": shape.vocabulary,
            "decoder_start_token_id": start,
            "eos_token_id": end,
            "bos_token_id": end,
            "pad_token_id": end,
            "median_filter_width": 7,
        },
        "generation_config": {
            "is_multilingual": True,
            "decoder_start_token_id": start,
            "eos_token_id": end,
            "bos_token_id": end,
            "pad_token_id": end,
            "max_length": shape.context,
            "max_initial_timestamp_index": 50,
            "no_timestamps_token_id": added["<|notimestamps|>"],
            "prev_sot_token_id": added["<|startofprev|>"],
            "return_timestamps": False,
            "lang_to_id": {names[number]: number for number in rules["lang_ids"]},
            "task_to_id": {"transcribe": added["<|transcribe|>"], "translate": added["<|translate|>"]},
            "suppress_tokens": rules["suppress_ids"],
            "begin_suppress_tokens": rules["suppress_ids_begin"],
        },
        "preprocessor_config": {
            "feature_extractor_type": "WhisperFeatureExtractor",
            "processor_class": "WhisperProcessor",
            "chunk_length": _SECONDS,
            "feature_size": shape.mels,
            "hop_length": 160,
            "n_fft": 400,
            "n_samples": _SECONDS * _RATE,
            "nb_max_frames": 2 * shape.frames,
            "sampling_rate": _RATE,
            "padding_side": "right",
            "padding_value": 0.0,
            "return_attention_mask": False,
        },
        "tokenizer_config": {
            "tokenizer_class": "WhisperTokenizer",
            "processor_class": "WhisperProcessor",
            "model_max_length": shape.context,
            "bos_token": "<|endoftext|>",
            "eos_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
        },
    }
