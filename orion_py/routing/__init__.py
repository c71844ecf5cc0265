"""Chooses the agent that answers a question."""
