"""Holds what the bench of hearing needs: clips, the voice that speaks them, and the reference."""
