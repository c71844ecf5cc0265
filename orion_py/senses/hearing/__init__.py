"""Turns sound into text with times: from a file, or while somebody speaks."""
