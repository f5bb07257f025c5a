"""One third party a file. Nothing here decides anything."""
