"""Photos, from their headers to an upright sRGB picture."""
