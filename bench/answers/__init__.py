"""Programs that answer for a model, as ``foundry compare`` asks (model_foundry/measuring/subjects/command.py)."""
