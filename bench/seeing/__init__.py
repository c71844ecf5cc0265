"""Compares what ORION sees in real pictures, objects and subjects, with reference implementations."""
