"""What lies in the archive."""
