"""Commands that record what people said and who is where."""
