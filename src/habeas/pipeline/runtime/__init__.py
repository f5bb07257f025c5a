"""What every job does around its one call, and what the process it runs in needs."""
