"""The airport case: its numbers, its sources, its page."""
