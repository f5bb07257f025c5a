"""From tables to facts to decisions."""
