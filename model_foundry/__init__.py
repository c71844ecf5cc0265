"""Turns published weights into shards that a browser runs. CPython only."""

__version__ = "1.0.0"
