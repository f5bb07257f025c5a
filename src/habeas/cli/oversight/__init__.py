"""Commands of auditors, reviewers and those who give orders."""
