"""Builds versions of models in steps, and manages them."""
