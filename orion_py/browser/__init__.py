"""Hosts the engine in a browser: ports over JavaScript, in Pyodide."""
