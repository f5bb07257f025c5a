"""Bytes to pixels: files of an archive, found, opened, hashed and decoded."""
