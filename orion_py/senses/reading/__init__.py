"""Reads the text in a picture: where it stands, what it says, and in which order."""
