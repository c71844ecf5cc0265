"""One module a bench: each has ``run(context) -> Outcome``."""
