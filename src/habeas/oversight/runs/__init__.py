"""What past runs saw and left out."""
