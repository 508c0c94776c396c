"""Training and pruning a block of networks: state, steps, random streams."""
