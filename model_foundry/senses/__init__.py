"""Makes the models that see and hear: graphs of other formats as ONNX, checked and cut into shards."""
