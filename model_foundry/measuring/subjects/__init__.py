"""Asks the subjects of a measurement: a session, the reference, a program or a browser."""
