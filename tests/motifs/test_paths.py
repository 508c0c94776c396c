"""What a swap of two edges does to paths, against counting all paths anew."""

import itertools

import numpy as np
import pytest

from harness.motifs._paths import PathsUnderSwaps, paths_at_nodes

SIZES = (6, 9, 8, 7, 4)


def swaps(wires, rng):
    """Yield random possible swaps without end: the layer, and the ends of its two edges."""
    while True:
        layer = int(rng.integers(len(wires)))
        (a, b), (c, d) = rng.permutation(np.argwhere(wires[layer]))[:2].tolist()
        if not wires[layer][a, d] and not wires[layer][c, b]:
            yield layer, a, b, c, d


def swap(wires, layer, a, b, c, d):
    wires[layer][a, b] = wires[layer][c, d] = 0
    wires[layer][a, d] = wires[layer][c, b] = 1


def counted(wires):
    """The number of paths, and which nodes lie on one."""
    above, below = paths_at_nodes(wires)
    live = np.concatenate(
        [(one > 0) & (other > 0) for one, other in zip(above, below, strict=True)]
    )
    return above[-1].sum(), live


@pytest.mark.parametrize("density", [0.15, 0.25, 0.5])
def test_swaps_are_judged_and_followed_as_if_counted_anew(density):
    judged = {True: 0, False: 0}
    for seed in range(5):
        rng = np.random.default_rng(seed)
        wires = [(rng.random(pair) < density) * 1.0 for pair in itertools.pairwise(SIZES)]
        paths, (start, live) = PathsUnderSwaps(wires), counted(wires)
        for ends in itertools.islice(swaps(wires, rng), 150):
            stays = paths.stay(*ends, within=0.2)
            after = [one.copy() for one in wires]
            swap(after, *ends)
            total, alive = counted(after)
            near = abs(total - start) <= 0.2 * start
            assert stays == (near and np.array_equal(alive, live)), "judged"
            judged[stays] += 1
            if np.array_equal(alive, live):  # others would move what is judged against
                swap(wires, *ends)
                paths.follow(*ends)
                for found, right in zip((paths._above, paths._below), paths_at_nodes(wires),
                                        strict=True):  # fmt: skip
                    assert all(map(np.array_equal, found, right)), "followed"
    assert min(judged.values()) > 10
