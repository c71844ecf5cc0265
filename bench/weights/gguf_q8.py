"""Stores a GGUF's dequantized weights as Q8_0, the format that wllama multiplies fastest."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

FILE_TYPE_Q8_0 = 7
"""``general.file_type`` of a file that is mostly Q8_0 (llama.cpp's enumeration)."""
KEPT = ("F32", "Q8_0")
WRITTEN_BY_ITSELF = ("GGUF.", "general.architecture")


def requantize(source: Path, target: Path) -> None:
    """Writes ``source``'s tensors and metadata to ``target``; norms (F32) stay as they are."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for name, field in reader.fields.items():
        if name.startswith(WRITTEN_BY_ITSELF):
            continue
        if name == "general.file_type":
            writer.add_uint32(name, FILE_TYPE_Q8_0)
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        if tensor.tensor_type.name in KEPT:
            writer.add_tensor(tensor.name, np.asarray(tensor.data), raw_dtype=tensor.tensor_type)
        else:
            weights = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            q8 = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor.name, quantize(weights, q8), raw_dtype=q8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
