"""Recorded decisions made again."""
