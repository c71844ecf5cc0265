"""Carries one question from its arrival to its one end."""
