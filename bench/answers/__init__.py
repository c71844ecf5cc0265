"""Programs that answer for a model, as ``foundry compare`` asks (model_foundry/evaluation/command_subject.py)."""
