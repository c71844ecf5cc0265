"""Brings shards from the network into the store."""
