"""Measures llama.cpp as a native program, the peer that no browser limits. Built once, kept in the cache."""
