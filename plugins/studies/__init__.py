"""Built-in studies, one plugin a file."""
