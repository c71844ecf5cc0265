"""Describes one model version: its files, the forms weights are stored in, and the ways to run it."""
