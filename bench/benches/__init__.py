"""Holds the benches, one module each, with ``run(context) -> Outcome``."""
