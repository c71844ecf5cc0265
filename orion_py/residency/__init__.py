"""Holds models in memory, each in a worker of its own."""
