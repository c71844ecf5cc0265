"""ORION Inference Engine: the same engine in Pyodide and in CPython."""

__version__ = "0.1.0"
