"""Talks to the engine: requests, messages, and the state that they make."""
