"""Makes activations easier to quantize without changing what the model computes."""
