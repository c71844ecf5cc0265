"""Logs, measures and counts what the engine does, without personal data."""
