"""Builds the ONNX graphs of a decoder, node by node, for the kernels that onnxruntime-web has."""
