"""Where faces are in a picture, and how networks are run."""
