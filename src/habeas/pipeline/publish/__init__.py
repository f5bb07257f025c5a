"""Staged rows, checked, and made rows of record."""
