"""Tables: their contracts, and how they are read and written, with Spark and without."""
