"""Finds sums in questions, computes them exactly, and corrects equations in answers."""
