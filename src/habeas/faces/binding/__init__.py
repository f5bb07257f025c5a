"""Which face a roster line is about, by place and time."""
