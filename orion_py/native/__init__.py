"""Implements the seams in CPython: our kernel, onnxruntime, tokenizers with jinja2, and shards in a folder."""
