"""The built-in architectures."""
