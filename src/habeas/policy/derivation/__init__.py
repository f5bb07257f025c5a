"""Facts from what was registered, recorded and said."""
