"""Compares ORION's reading of pictures with the rapidocr package's, character by character."""
