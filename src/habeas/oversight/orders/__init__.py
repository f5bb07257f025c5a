"""Orders: signed files of people with a role."""
