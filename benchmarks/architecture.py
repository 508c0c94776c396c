"""The published network, which all benchmarks of training and counting are of."""

from itertools import pairwise

SIZES = (10, 400, 400, 400, 16, 7)
BATCH = 128
WEIGHTS = sum(a * b + b for a, b in pairwise(SIZES))
"""With biases."""
