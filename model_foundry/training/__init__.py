"""Trains, and runs what else needs torch, in a subprocess with an environment of its own.

torch and what comes with it weigh some gigabytes and want other versions of pydantic than the
engine's. Files in ``scripts`` are for that environment and import nothing of the foundry's.
"""
