"""From a ModelDescription to content-addressed files."""
