"""Whole archives of drawn people, with their lists and the truth."""
