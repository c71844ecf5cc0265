"""Measures models: against the reference, on texts, and on public tasks."""
