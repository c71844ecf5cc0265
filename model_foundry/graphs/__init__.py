"""ONNX graphs of a decoder, written node by node for the kernels that onnxruntime-web has."""
