"""Scores a subject on samples of public tasks."""
