"""Holds the page's logic, in Python. It runs on MicroPython in the browser and on CPython in the tests."""
