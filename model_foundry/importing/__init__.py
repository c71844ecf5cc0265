"""Reads published files as a ModelDescription."""
