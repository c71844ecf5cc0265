"""What the right answer is: an implementation that shares nothing with the graphs."""
