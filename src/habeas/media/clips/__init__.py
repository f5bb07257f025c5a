"""Clips, from their containers to frames picked by time."""
