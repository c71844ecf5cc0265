"""Writes a ModelDescription as content-addressed files."""
