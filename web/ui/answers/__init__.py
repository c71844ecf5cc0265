"""How turns are shown, and how the Python of an answer is run."""
