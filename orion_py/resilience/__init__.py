"""Keeps failures and load in bounds: circuit breakers, retries and the request queue."""
