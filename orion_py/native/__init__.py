"""CPython's side of the seams: onnxruntime, tokenizers with jinja2, and shards in a folder."""
