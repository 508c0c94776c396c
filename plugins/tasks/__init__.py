"""Built-in tasks, one plugin a file."""
