"""Keeps conversations and drafts: what they are, how tabs share them, and where they are stored."""
