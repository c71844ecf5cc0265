"""Shows the settings: the page's own, the engine's, and models."""
