"""Holds pictures as arrays, and cuts and scales them."""
