"""Adapters to third-party packages and the operating system, one a module. No rule is decided here."""
