"""From a published file to a ModelDescription."""
