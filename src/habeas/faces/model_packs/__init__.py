"""Model packs: what they are, what they may be used for, and where they lie."""
