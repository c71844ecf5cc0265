"""Computes the right answer, by an implementation that shares nothing with the graphs."""
