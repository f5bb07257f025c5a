"""Files and folders as the file system shows them, and what packed files hold."""
