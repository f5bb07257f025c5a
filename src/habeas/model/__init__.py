"""Frozen values that every other package speaks in. No logic beyond their own invariants, no I/O."""
