"""The key store, who may do what with it, and who holds a key."""
