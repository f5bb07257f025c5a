"""Why a template exists, or why it doesn't."""
