"""What is allowed and not yet done, planned and made."""
