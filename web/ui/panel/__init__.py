"""Shows the live panel. It is loaded when somebody opens it."""
