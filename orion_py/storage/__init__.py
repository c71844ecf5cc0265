"""Stores shards and settings on the device."""
