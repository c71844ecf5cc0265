"""Takes a question: the message box, the choice of the agent, and corrections afterwards."""
