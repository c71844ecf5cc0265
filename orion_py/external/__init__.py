"""Takes in other people's ONNX folders: survey, manifest, tokenizer."""
