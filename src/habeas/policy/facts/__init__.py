"""Which facts there are, and what a set of them looks like."""
