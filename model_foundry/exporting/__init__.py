"""From a ModelDescription to other programs' formats."""
