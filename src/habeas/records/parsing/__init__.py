"""One record of a list, parsed: a clean value, or BadInput with a reason."""
