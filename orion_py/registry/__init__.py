"""Reads the list of models and agents that a site offers."""
