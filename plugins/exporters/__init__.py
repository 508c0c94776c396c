"""Built-in exporters, one plugin a file."""
