"""Lists on their way in: each one read, checked beside what is recorded, and remarked upon."""
