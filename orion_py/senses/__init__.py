"""Reads pictures and sounds: pure computation over arrays, around graphs that a runtime runs."""
