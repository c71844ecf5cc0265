"""Screens questions and answers by rules, and bounds what is accepted."""
