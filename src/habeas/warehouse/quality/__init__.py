"""What a table's contract asks of its rows, and how it is checked."""
