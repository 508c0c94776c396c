"""Masks and the graphs that they leave: plain arrays, no training."""
