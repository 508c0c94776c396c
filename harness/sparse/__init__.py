"""Masks and their graphs: plain arrays, no training."""
