"""The settings' sheet: the page's own, the engine's, and models."""
