"""Stored rows that nothing allows any more: shut at once, and put in line to be erased."""
