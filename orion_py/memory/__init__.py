"""Reckons what a model takes, what a device has, and what has to be evicted."""
