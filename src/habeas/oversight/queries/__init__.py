"""What an auditor asks of tables: the log, its filters, what an id names."""
