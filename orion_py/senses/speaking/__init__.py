"""Turns text into sound: words as they are said, their phonemes, and a voice that speaks them."""
