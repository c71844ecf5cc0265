"""Holds the page's texts in each of its languages, and formats numbers and sizes."""
