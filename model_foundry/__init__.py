"""The model foundry: from published weights to shards that a browser runs. CPython only."""

__version__ = "1.0.0"
