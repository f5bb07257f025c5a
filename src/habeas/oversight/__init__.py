"""What auditors, reviewers and the people concerned ask, and the orders that people give."""
