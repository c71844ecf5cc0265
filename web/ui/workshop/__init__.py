"""Agents that a person writes: their form, a try, and their code's runs. It comes when it is wanted."""
