"""Detects languages, and names them."""
