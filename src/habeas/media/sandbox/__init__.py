"""The process that parses media, from both sides."""
