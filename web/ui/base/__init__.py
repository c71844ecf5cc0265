"""What every other part of the page stands on: the document, frames, JSON text, what is kept at once."""
