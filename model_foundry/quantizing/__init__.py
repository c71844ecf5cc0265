"""Quantizes matrices of floats to blocks of 2 to 8 bits, and measures what that costs in quality."""
