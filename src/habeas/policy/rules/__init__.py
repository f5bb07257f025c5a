"""Packs of Cedar rules, and the verdict that they give."""
