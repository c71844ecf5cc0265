"""Answers in several steps where one is not enough: a model writes, a program checks, and what is checked is shown."""
