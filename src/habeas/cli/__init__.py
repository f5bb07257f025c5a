"""The command line: each command parses, calls one use case, prints. Nothing is decided here."""
