"""What a run did, for people: a summary of counts and a page. Counts and bins only, never a value of a row."""
