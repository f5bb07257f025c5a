"""Which of the stored rows hold now: pure rules over rows."""
