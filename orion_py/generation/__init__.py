"""Generates an answer: prompt, decoding, sampling, and the stages that its text goes through."""
