"""Writes a ModelDescription in other programs' formats."""
