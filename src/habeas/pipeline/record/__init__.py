"""Lists into their tables, and what follows from them."""
