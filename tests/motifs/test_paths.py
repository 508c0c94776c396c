"""What a swap of two edges does to paths, against counting all paths anew."""

import itertools

import numpy as np
import pytest

from harness.motifs._paths import PathsUnderSwaps, paths_at_nodes
from harness.motifs._wires import Wires

SIZES = (6, 9, 8, 7, 8, 4)


def proposed(wires, rng):
    """A random swap of each network, but for those that make a double edge."""
    who = np.arange(len(wires.edges))
    layer = rng.integers(wires.layers, size=len(who))
    one, other = (rng.random((2, len(who))) * wires.edges[who, layer]).astype(int)
    these = wires.swaps(who, layer, one, other)
    return these[~wires.doubled(these)]


def drawn(wires):
    """The edges of each network as matrices."""
    networks = [[np.zeros(pair) for pair in itertools.pairwise(SIZES)] for _ in wires.edges]
    for network, layers in enumerate(networks):
        for layer, places in zip(layers, wires.places(network), strict=True):
            layer.ravel()[places] = 1
    return networks


def counted(layers):
    """The number of paths, and which nodes lie on one."""
    above, below = paths_at_nodes(layers)
    live = np.concatenate(
        [(one > 0) & (other > 0) for one, other in zip(above, below, strict=True)]
    )
    return above[-1].sum(), live


@pytest.mark.parametrize("density", [0.15, 0.25, 0.5])
def test_swaps_are_judged_and_followed_as_if_counted_anew(density):
    rng = np.random.default_rng(0)
    wirings = [[rng.random(pair) < density for pair in itertools.pairwise(SIZES)] for _ in range(5)]
    wires = Wires([np.stack(layer) for layer in zip(*wirings, strict=True)])
    paths, starts = PathsUnderSwaps(wires), [counted(layers) for layers in drawn(wires)]
    judged = {True: 0, False: 0}
    for _ in range(200):
        these = proposed(wires, rng)
        effect = paths.effect(these)
        stays = paths.stay(these, effect, within=0.03)
        whole = drawn(wires)
        alive = np.zeros(len(these.who), bool)
        for at, who in enumerate(these.who):
            layer = whole[who][these.layer[at]]
            a, b, c, d = (getattr(these, end)[at] for end in "abcd")
            layer[[a, c], [b, d]], layer[[a, c], [d, b]] = 0, 1
            total, on = counted(whole[who])
            start, live = starts[who]
            alive[at] = np.array_equal(on, live)
            right = alive[at] and abs(total - start) <= 0.03 * start
            assert stays[at] == right, "judged"
            judged[bool(right)] += 1
        # Others would move what is judged against.
        wires.swap(these[alive])
        paths.follow(these[alive], effect[alive])
        for network, layers in enumerate(drawn(wires)):
            above, below = paths_at_nodes(layers)
            for found, right in ((paths.above, above[:-1]), (paths.below[:, 1:], below[1:])):
                for values, expected in zip(found[network], right, strict=False):
                    assert np.array_equal(values[: len(expected)], expected), "followed"
    assert min(judged.values()) > 10
