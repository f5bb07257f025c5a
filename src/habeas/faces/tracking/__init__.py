"""The same face from frame to frame, by position."""
