"""Defines the seam to whatever computes a model: runtime, session, runner, tokenizer."""
