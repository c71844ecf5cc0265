"""Runs the engine, and the host that speaks the protocol for it."""
