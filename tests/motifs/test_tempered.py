"""Swaps towards a motif, against whole recounts."""

import itertools

import numpy as np
import pytest

from harness import LayeredGraph, motifs
from harness.sparse.graph import live_nodes

LIMITS = motifs.Limits()


def wiring(seed, sizes=(8, 14, 12, 9, 6), density=0.35):
    rng = np.random.default_rng(seed)
    return tuple(rng.random(pair) < density for pair in itertools.pairwise(sizes))


def z_of(wires, null):
    counted = motifs.counts(LayeredGraph(wires), (3,), names=motifs.VARYING)
    totals = np.array([counted[name].sum() for name in motifs.VARYING])
    return dict(zip(motifs.VARYING, (totals - null[0]) / null[1], strict=True))


def paths_of(wires):
    return np.linalg.multi_dot([one.astype(float) for one in wires]).sum()


@pytest.mark.parametrize(("motif", "target"), [("bifan", 5.0), ("biparallel", -3.0),
                                               ("zigzag", 1.5)])  # fmt: skip
def test_swaps_reach_the_target_and_hold_everything_else(motif, target):
    for seed in range(3):
        wires = wiring(seed)
        null = motifs.degree_moments(wires, 100, (seed,))
        rng = np.random.default_rng(seed)
        rewired = motifs.tempered(wires, motif, target, null, LIMITS, rng)
        before, after = z_of(wires, null), z_of(rewired.adjacency, null)
        assert after == pytest.approx(rewired.z, abs=1e-9), "counts follow each swap exactly"
        assert abs(after[motif] - target) <= LIMITS.tolerance
        assert all(abs(after[one] - before[one]) <= 1 for one in after if one != motif)
        for old, new in zip(wires, rewired.adjacency, strict=True):
            np.testing.assert_array_equal(old.sum(0), new.sum(0))
            np.testing.assert_array_equal(old.sum(1), new.sum(1))
        lives = [live_nodes(LayeredGraph(one)) for one in (wires, rewired.adjacency)]
        assert all(map(np.array_equal, *lives))
        assert abs(paths_of(rewired.adjacency) / paths_of(wires) - 1) <= LIMITS.paths


def test_neutral_swaps_are_as_many_and_hold_all_classes():
    wires = wiring(4)
    null = motifs.degree_moments(wires, 100, (0,))
    rewired = motifs.tempered(wires, "bifan", 5.0, null, LIMITS, np.random.default_rng(0))
    sham = motifs.neutral(wires, rewired.accepted, null, LIMITS, np.random.default_rng(0))
    assert sham.accepted == rewired.accepted
    assert sum(sham.accepted) > 20
    before, after = z_of(wires, null), z_of(sham.adjacency, null)
    assert after == pytest.approx(sham.z, abs=1e-9)
    assert all(abs(after[one] - before[one]) <= 1 for one in after)
    assert any((one != two).any() for one, two in zip(wires, sham.adjacency, strict=True))


def test_a_network_that_no_swap_can_change_stays():
    full = tuple(np.ones_like(one) for one in wiring(0))
    null = motifs.degree_moments(full, 10, (0,))
    rewired = motifs.tempered(full, "bifan", 5.0, null, LIMITS, np.random.default_rng(0))
    assert sum(rewired.accepted) == 0
    assert all(map(np.array_equal, full, rewired.adjacency))


def test_nodes_on_a_path_stay_on_one_in_sparse_networks():
    limits = motifs.Limits(hold=10.0, paths=10.0)
    moved = 0
    for seed in range(6):
        wires = wiring(seed, density=0.12)
        null = motifs.degree_moments(wires, 50, (seed,))
        rng = np.random.default_rng(seed)
        rewired = motifs.tempered(wires, "chain3", 10.0, null, limits, rng)
        lives = [live_nodes(LayeredGraph(one)) for one in (wires, rewired.adjacency)]
        assert all(map(np.array_equal, *lives))
        moved += sum(rewired.accepted)
    assert moved > 0
