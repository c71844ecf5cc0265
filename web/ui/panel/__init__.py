"""The live panel. It comes when somebody opens it."""
