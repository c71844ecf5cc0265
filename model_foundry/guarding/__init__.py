"""Trains and measures what the guard learns: which messages mean harm, by the router's sentence encoder."""
