"""Decision tables: facts, and what must follow from them."""
