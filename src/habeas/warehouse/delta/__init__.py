"""Delta tables without a JVM, and the lock that every writer takes."""
