"""Describes a model in memory: its architecture, tokenizer and weights."""
