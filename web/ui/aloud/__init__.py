"""Reads answers aloud, sentence by sentence."""
