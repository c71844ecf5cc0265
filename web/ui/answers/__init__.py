"""Shows turns, and runs the Python of an answer."""
