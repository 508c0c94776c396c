"""Built-in executors, one plugin a file."""
