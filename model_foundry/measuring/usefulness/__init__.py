"""Measures whether answers are useful: questions of everyday life, each judged by rules that a program can check."""
