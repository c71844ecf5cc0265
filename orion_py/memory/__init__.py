"""Estimates what a model takes and what a device has, and decides what has to be evicted."""
