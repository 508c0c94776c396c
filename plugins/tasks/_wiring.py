"""Random wiring of one layer at fixed degrees, with or without planted bi-fans."""

import numpy as np
from jaxtyping import Bool, Int


def regular(sources: int, targets: int, fan_in: int) -> Bool[np.ndarray, "{sources} {targets}"]:
    """Return edges, `fan_in` to each target, from sources whose degrees differ by at most one."""
    edges = np.arange(targets * fan_in)
    wired = np.zeros((sources, targets), bool)
    wired[edges % sources, edges // fan_in] = True
    return wired


def shared(wired: Bool[np.ndarray, "sources _targets"]) -> Int[np.ndarray, "sources sources"]:
    """Return how many targets each pair of sources has in common."""
    counts = wired.astype(int)
    return counts @ counts.T


def bifans(wired: Bool[np.ndarray, "_sources _targets"]) -> int:
    """Return the number of bi-fans: two sources that share two targets."""
    pairs = shared(wired)[np.triu_indices(len(wired), 1)]
    return int((pairs * (pairs - 1) // 2).sum())


def swapped(
    wired: Bool[np.ndarray, "sources targets"],
    tries: int,
    draws: np.random.Generator,
    *,
    plant: bool = False,
) -> Bool[np.ndarray, "sources targets"]:
    """Return the wiring after `tries` attempts to swap the targets of two edges.

    Every degree stays. Each swap is made where it makes no double edge and, with `plant`, where it
    does not lower the number of bi-fans.
    """
    wired = wired.copy()
    common = shared(wired)
    source, target = np.nonzero(wired)
    for one, two in draws.integers(0, len(source), (tries, 2)).tolist():
        a, b, c, d = source[one], source[two], target[one], target[two]
        if wired[a, d] or wired[b, c]:
            continue
        # a loses c and gains d, b the reverse: what a shares with another source moves by this.
        moved = wired[:, d].astype(int) - wired[:, c]
        moved[[a, b]] = 0  # what a and b share stays
        gained = moved @ (common[a] - common[b]) + moved @ moved
        if plant and gained < 0:
            continue
        for row, step in ((a, moved), (b, -moved)):
            common[row] += step
            common[:, row] += step
        wired[a, [c, d]] = False, True
        wired[b, [c, d]] = True, False
        target[one], target[two] = d, c
    return wired
