"""Holds what every other part of the page uses: the document, frames, JSON text, storage."""
