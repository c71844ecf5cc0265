"""What the page says, in each of its languages, and how it writes numbers and sizes."""
