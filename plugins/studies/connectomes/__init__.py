"""Connectomes as lists of edges; README.md names their sources and licences."""
