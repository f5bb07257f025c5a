"""Records out of files, streams, tables and queries."""
