"""Built-in observers, one plugin a file."""
