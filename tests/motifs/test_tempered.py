"""Swaps towards a motif, against whole recounts."""

import itertools

import numpy as np
import pytest

from harness import LayeredGraph, motifs
from harness.motifs import _tempered, _tries
from harness.sparse.graph import live_nodes

LIMITS = motifs.Limits()


def wiring(seed, sizes=(8, 14, 12, 9, 6), density=0.35):
    rng = np.random.default_rng(seed)
    return tuple(rng.random(pair) < density for pair in itertools.pairwise(sizes))


def start(wires, seed, draws=100):
    null = motifs.degree_moments(wires, draws, (seed,))
    return motifs.Start(wires, null, np.random.default_rng(seed))


def z_of(wires, null):
    counted = motifs.counts(LayeredGraph(wires), (3,), names=motifs.VARYING)
    totals = np.array([counted[name].sum() for name in motifs.VARYING])
    return dict(zip(motifs.VARYING, (totals - null[0]) / null[1], strict=True))


def paths_of(wires):
    return np.linalg.multi_dot([one.astype(float) for one in wires]).sum()


def live(wires):
    return np.concatenate(live_nodes(LayeredGraph(wires)))


def swapped(wires, layer, first, second):
    """The network after a swap of the edges at two places, by their order at the start."""
    (a, b), (c, d) = first, second
    after = [one.copy() for one in wires]
    if after[layer][a, d] or after[layer][c, b]:
        return None
    after[layer][[a, c], [b, d]], after[layer][[a, c], [d, b]] = False, True
    return tuple(after)


def by_recounting(begun, motif, target, limits):
    """One network alone, with everything counted anew for each swap tried."""
    rng, null = np.random.default_rng(begun.rng.bit_generator.seed_seq.entropy), begun.null
    wires, first, passing = begun.wiring, z_of(begun.wiring, null), paths_of(begun.wiring)
    edges = [np.argwhere(one).tolist() for one in wires]
    sizes, at_once = np.array([len(one) for one in edges]), _tries._DRAWN
    for turn in range(limits.tries * sizes.sum()):
        if turn % at_once == 0:
            layers = rng.choice(len(sizes), at_once, p=sizes / sizes.sum())
            picked = (rng.random((2, at_once)) * sizes[layers]).astype(int)
            lots = rng.random(at_once)
        z = z_of(wires, null)
        if abs(z[motif] - target) <= limits.tolerance:
            return wires
        layer = layers[turn % at_once]
        one, other = (edges[layer][at] for at in picked[:, turn % at_once])
        after = swapped(wires, layer, one, other)
        if after is None:
            continue
        new = z_of(after, null)
        nearer = abs(z[motif] - target) - abs(new[motif] - target)
        if lots[turn % at_once] > np.exp(min(0, nearer / limits.temperature)):
            continue
        held = all(abs(new[of] - first[of]) <= limits.hold for of in new if of != motif)
        paths = abs(paths_of(after) - passing) <= limits.paths * passing
        if held and paths and np.array_equal(live(after), live(wires)):
            wires, one[1], other[1] = after, other[1], one[1]
    return wires


@pytest.mark.parametrize("density", [0.2, 0.35])
def test_networks_side_by_side_go_as_each_alone_by_recounting(density):
    aims = [("bifan", 3.0), ("biparallel", -2.0), ("zigzag", 1.5), ("chain3", 2.0)]
    limits = motifs.Limits(hold=1.5, tries=2)
    starts = [start(wiring(seed, density=density), seed) for seed in range(len(aims))]
    expected = [by_recounting(one, *aim, limits) for one, aim in zip(starts, aims, strict=True)]
    found = motifs.tempered(starts, *zip(*aims, strict=True), limits)
    assert min(sum(one.accepted) for one in found) > 0
    for one, right in zip(found, expected, strict=True):
        assert all(map(np.array_equal, one.adjacency, right))


@pytest.mark.parametrize(("motif", "target"), [("bifan", 5.0), ("biparallel", -3.0),
                                               ("zigzag", 1.5)])  # fmt: skip
def test_swaps_reach_the_target_and_hold_everything_else(motif, target):
    starts = [start(wiring(seed), seed) for seed in range(3)]
    rewired = motifs.tempered(starts, [motif] * 3, [target] * 3, LIMITS)
    for begun, one in zip(starts, rewired, strict=True):
        wires, null = begun.wiring, begun.null
        before, after = z_of(wires, null), z_of(one.adjacency, null)
        assert after == pytest.approx(one.z, abs=1e-9), "counts follow each swap exactly"
        assert abs(after[motif] - target) <= LIMITS.tolerance
        assert all(abs(after[of] - before[of]) <= 1 for of in after if of != motif)
        for old, new, places in zip(wires, one.adjacency, one.places, strict=True):
            np.testing.assert_array_equal(old.sum(0), new.sum(0))
            np.testing.assert_array_equal(old.sum(1), new.sum(1))
            np.testing.assert_array_equal(np.sort(places), np.flatnonzero(new))
        for old, origins, places in zip(wires, one.origins, one.places, strict=True):
            np.testing.assert_array_equal(origins, np.flatnonzero(old))
            np.testing.assert_array_equal(origins // old.shape[1], places // old.shape[1])
        assert np.array_equal(live(wires), live(one.adjacency))
        assert abs(paths_of(one.adjacency) / paths_of(wires) - 1) <= LIMITS.paths


def test_more_networks_than_go_together_are_as_few(monkeypatch):
    def rewired():
        starts = [start(wiring(seed), seed, draws=20) for seed in range(5)]
        return motifs.tempered(starts, ["bifan"] * 5, [4.0] * 5, LIMITS)

    whole = rewired()
    monkeypatch.setattr(_tempered, "TOGETHER", 2)
    for one, other in zip(rewired(), whole, strict=True):
        assert all(map(np.array_equal, one.places, other.places))
        assert one.accepted == other.accepted


def test_neutral_swaps_are_as_many_and_hold_all_classes():
    starts = [start(wiring(seed), seed) for seed in (4, 5)]
    rewired = motifs.tempered(starts, ["bifan"] * 2, [5.0] * 2, LIMITS)
    shams = motifs.neutral(starts, [one.accepted for one in rewired], LIMITS)
    for begun, one, sham in zip(starts, rewired, shams, strict=True):
        assert sham.accepted == one.accepted
        assert sum(sham.accepted) > 10
        before, after = (z_of(wires, begun.null) for wires in (begun.wiring, sham.adjacency))
        assert after == pytest.approx(sham.z, abs=1e-9)
        assert all(abs(after[of] - before[of]) <= 1 for of in after)
        moved = zip(begun.wiring, sham.adjacency, strict=True)
        assert any((old != new).any() for old, new in moved)


def test_networks_that_no_swap_can_change_stay():
    full, empty = ([fill(one) for one in wiring(0)] for fill in (np.ones_like, np.zeros_like))
    starts = [start(full, 0, draws=10), start(empty, 0, draws=10), start(wiring(1), 1)]
    rewired = motifs.tempered(starts, ["bifan"] * 3, [5.0] * 3, LIMITS)
    moved = [sum(one.accepted) > 0 for one in rewired]
    assert moved == [False, False, True]
    for begun, one in zip(starts[:2], rewired, strict=False):
        assert all(map(np.array_equal, begun.wiring, one.adjacency))
    shams = motifs.neutral(starts, [one.accepted for one in rewired], LIMITS)
    assert [one.accepted for one in shams] == [one.accepted for one in rewired]


def test_nodes_on_a_path_stay_on_one_in_sparse_networks():
    limits = motifs.Limits(hold=10.0, paths=10.0)
    starts = [start(wiring(seed, density=0.12), seed, draws=50) for seed in range(6)]
    rewired = motifs.tempered(starts, ["chain3"] * 6, [10.0] * 6, limits)
    for begun, one in zip(starts, rewired, strict=True):
        assert np.array_equal(live(begun.wiring), live(one.adjacency))
    assert sum(sum(one.accepted) for one in rewired) > 0
