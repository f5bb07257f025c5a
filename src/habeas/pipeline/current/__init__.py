"""Which rows hold and what is permitted now, for whole tables."""
