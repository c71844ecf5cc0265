"""Prepares how each agent answers: its prompt, its sampling and its skill."""
