"""`habeas policy`."""
