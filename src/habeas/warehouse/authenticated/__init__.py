"""What jobs write for each other to act on, each under a code: run records, decisions."""
