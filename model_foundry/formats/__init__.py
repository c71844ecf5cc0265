"""Reads and writes what the formats of model files have in common."""
