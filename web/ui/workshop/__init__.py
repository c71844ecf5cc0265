"""Lets a person write agents: their form, a trial, and their code's runs. It is loaded when it is wanted."""
