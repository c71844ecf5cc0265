"""Exports a GGUF as the ONNX model that users of transformers.js get: by optimum, quantized to q8.

Runs on its own, under the packages of requirements.txt beside it::

    python export_onnx.py MODEL.gguf FOLDER

FOLDER gets ``config.json``, ``generation_config.json`` and ``onnx/model_quantized.onnx``. The weights
are the GGUF's, dequantized by transformers; the graph is optimum's; the quantization is that of
transformers.js' own conversion script (``q8``): onnxruntime's dynamic quantization, a scale per
tensor, signed weights because the graph has neither Conv nor fused attention.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantizationMode, QuantType
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.registry import IntegerOpsRegistry
from optimum.exporters.onnx import main_export
from transformers import AutoModelForCausalLM

UNSIGNED_FOR = {"Conv", "GroupQueryAttention", "MultiHeadAttention"}
"""Operators whose presence makes transformers.js' script choose unsigned weights."""


def dequantize(gguf: Path, folder: Path) -> None:
    """Writes the weights of ``gguf`` as a Hugging Face folder in float32."""
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    model.float().save_pretrained(folder)


def export(folder: Path, target: Path) -> None:
    """Writes ``target``/model.onnx, whose cache goes in and out as key and value of each layer."""
    main_export(
        str(folder), output=target, task="text-generation-with-past", library_name="transformers", do_validation=False
    )


def quantize(source: Path, target: Path) -> None:
    """The ``q8`` of transformers.js."""
    model = onnx.load(source)
    signed = UNSIGNED_FOR.isdisjoint(node.op_type for node in model.graph.node)
    quantizer = ONNXQuantizer(
        model,
        per_channel=False,
        reduce_range=False,
        mode=QuantizationMode.IntegerOps,
        static=False,
        weight_qType=QuantType.QInt8 if signed else QuantType.QUInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=None,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=list(IntegerOpsRegistry),
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    quantizer.quantize_model()
    onnx.save(quantizer.model.model, target)


def main(gguf: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        dequantized, exported = Path(work, "dequantized"), Path(work, "exported")
        dequantize(gguf, dequantized)
        export(dequantized, exported)
        (folder / "onnx").mkdir(parents=True, exist_ok=True)
        for name in ("config.json", "generation_config.json"):
            shutil.copyfile(exported / name, folder / name)
        quantize(exported / "model.onnx", folder / "onnx" / "model_quantized.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
