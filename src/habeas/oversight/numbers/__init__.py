"""Every number that is told, counted in one place."""
