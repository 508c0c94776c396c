"""Built-in pruners, one plugin a file."""
