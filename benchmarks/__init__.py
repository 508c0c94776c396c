"""Benchmarks of the harness beside its rivals. Rivals need the extra `bench`."""
