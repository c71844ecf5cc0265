"""Turns pictures into what a model that sees takes in: rows of an encoder, between the model's own marks."""
