"""Carrying out a plan: training, shared dense levels, checkpoints, measuring."""
