"""What the places of a wiring hold, found by wiring: shared weights, forbidden places, none."""

from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import Digraph, LayeredGraph, Model, Trajectory, layered, motifs
from harness.results import snapshot
from harness.sparse.graph import effective_density, why_uncalibrated
from harness.sparse.places import places
from harness.testing import TinyArchitecture, TinyTask

LENGTH, KERNEL, CHANNELS = 8, 3, 4
ENDS = LENGTH - KERNEL + 1
UNITS, INPUTS, OUTPUTS = 14, 2, 1


def unrolled(masks):
    """A convolution of one signal over 8 places into 4 channels, then a dense layer of 3."""
    kernel = masks["kernel"]  # (channels, 3)
    wires = jnp.zeros((LENGTH, CHANNELS, ENDS), bool)
    for end in range(ENDS):
        for tap in range(KERNEL):
            wires = wires.at[end + tap, :, end].set(kernel[:, tap])
    return LayeredGraph((wires.reshape(LENGTH, CHANNELS * ENDS), masks["head"].T))


def channels(masks):
    """The same with a node for each channel: an edge stands for several weights."""
    head = masks["head"].T.reshape(CHANNELS, ENDS, 3).any(1)
    return LayeredGraph((masks["kernel"].any(1)[None], head))


def recurrent(masks):
    """Inputs, units and outputs of a recurrent network, two of whose blocks have weights."""
    n = INPUTS + UNITS + OUTPUTS
    wires = jnp.zeros((n, n), bool)
    wires = wires.at[:INPUTS, INPUTS:-OUTPUTS].set(masks["into"].T)
    wires = wires.at[INPUTS:-OUTPUTS, INPUTS:-OUTPUTS].set(masks["recurrent"].T)
    wires = wires.at[INPUTS:-OUTPUTS, -OUTPUTS:].set(masks["out"].T)
    place = np.arange(n)
    return Digraph(wires, place < INPUTS, place >= n - OUTPUTS)


def dense(masks):
    return layered([masks["first"], masks["second"]])


SHAPES = {
    unrolled: {"kernel": (CHANNELS, KERNEL), "head": (3, CHANNELS * ENDS)},
    channels: {"kernel": (CHANNELS, KERNEL), "head": (3, CHANNELS * ENDS)},
    recurrent: {"recurrent": (UNITS, UNITS), "into": (UNITS, 2), "out": (1, UNITS)},
    dense: {"first": (9, 5), "second": (4, 9)},
}


@dataclass(frozen=True)
class Wired(TinyArchitecture):
    """An architecture whose only interest is its graph."""

    wire: Any = dense

    def network(self, shape, *, key):
        return eqx.nn.Identity()

    def prunable(self, network):
        return {name: jnp.ones(shape, bool) for name, shape in SHAPES[self.wire].items()}

    def graph(self, network, masks, view):
        return self.wire(masks)


def random_masks(wire, density, number, seed=0):
    rng = np.random.default_rng(seed)
    found = {}
    for name, shape in SHAPES[wire].items():
        size = int(np.prod(shape))
        order = rng.random((number, size)).argsort(1)
        found[name] = (order < round(density * size)).reshape(number, *shape)
    return found


def graph_of(wire, masks, folder):
    path = folder / "level-00.safetensors"
    number = len(next(iter(masks.values())))
    nothing = np.zeros((0, number), np.float32)
    snapshot.save(path, snapshot.Snapshot(masks, None, {}, nothing, np.zeros(0, int), {}))
    return Trajectory(
        Model(TinyTask(), Wired(wire=wire)), tuple(range(number)), (0.3,), [path], dict
    ).graph(0)


def places_of(wire):
    def adjacency(masks):
        found = wire(masks).adjacency
        return found if isinstance(found, tuple) else (found,)

    return places(adjacency, {name: np.ones(shape, bool) for name, shape in SHAPES[wire].items()})


def test_each_place_is_known_by_its_weight():
    held = places_of(unrolled)
    first, head = held.numbers
    for end in range(ENDS):
        for channel in range(CHANNELS):
            column = first[:, channel * ENDS + end]
            assert column[end : end + KERNEL].tolist() == [channel * KERNEL + k for k in range(3)]
            assert (np.delete(column, slice(end, end + KERNEL)) == -1).all()
    assert (head.T.ravel() == CHANNELS * KERNEL + np.arange(head.size)).all()
    assert held.shared
    assert held.forbidden
    assert held.weights == CHANNELS * KERNEL + head.size
    held = places_of(recurrent)
    assert not held.shared
    assert held.forbidden
    assert held.weights == UNITS * (UNITS + 3)
    held = places_of(channels)
    assert not held.shared
    assert not held.forbidden


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (dense, None),
        (channels, None),
        (unrolled, "edges share weights"),
        (recurrent, None),
    ],
)
def test_p_stands_only_where_random_masks_are_what_the_null_draws(wire, reason, tmp_path):
    graph = graph_of(wire, random_masks(wire, 0.3, 30), tmp_path)
    assert why_uncalibrated(graph, "switched") == reason
    if isinstance(graph, Digraph):
        # Only switches know where no edge can be.
        assert why_uncalibrated(graph, "degree") == "some places can hold no edge"
        tables = [motifs.digraph_profile(graph, draws=5, orders=(2,))]
    else:
        one = jax.tree.map(lambda leaf: leaf[:2], graph)
        tables = [
            motifs.profile(graph, supports=("all",)),
            motifs.sampled_profile(one, "degree", number=5),
        ]
    for table in tables:
        assert set(table["calibrated"]) == {reason is None}
        assert set(table["uncalibrated"]) == {reason or ""}
        p = table.filter(regex="^(p|q)(_normal)?$")
        assert p.shape[1] == 2
        if reason is not None:
            assert p.isna().all(axis=None)
    p = tables[0].filter(regex="^(p|q)(_normal)?$")
    assert p.notna().any(axis=None) == (reason is None)
    assert tables[0]["z"].notna().any(), "z stays, as a description"


@pytest.mark.slow
def test_random_masks_show_that_the_reasons_are_true(tmp_path):
    """Mean z of uniformly random masks: 0 on a dense stack, far from it on the others."""
    far = {}
    for wire in (dense, unrolled):
        graph = graph_of(wire, random_masks(wire, 0.3, 200), tmp_path)
        table = motifs.profile(graph, supports=("all",)).query("base_layer == -1")
        far[wire] = table.groupby("motif")["z"].mean().abs().max()
    assert far[dense] < 0.35
    assert far[unrolled] > 0.8
    masks = random_masks(recurrent, 0.3, 12) | {"into": np.ones((12, UNITS, 2), bool)}
    graph = graph_of(recurrent, masks, tmp_path)
    for known in (True, False):
        some = graph if known else replace(graph, places=None)
        table = motifs.digraph_profile(some, draws=30, orders=(2,))
        assert (table.groupby("motif")["z"].mean().abs().max() < 1) == known


def test_a_digraph_with_inputs_whose_places_nobody_told_is_not_calibrated():
    wires = np.random.default_rng(0).random((1, 8, 8)) < 0.3
    place = np.arange(8)
    some, every = place < 2, np.ones(8, bool)
    assert why_uncalibrated(Digraph(wires, every, every), "degree") is None
    reason = "which places can hold an edge is unknown"
    assert why_uncalibrated(Digraph(wires, some, every), "degree") == reason


def test_effective_density_is_over_weights(tmp_path):
    masks = random_masks(unrolled, 0.3, 4)
    masks["head"][:, :, : 2 * ENDS] = False  # nothing leaves two of the four channels
    masks["kernel"][:, 2:] = [[True, False, False], [False, False, True]]
    masks["head"][:, 0, 2 * ENDS :] = True
    graph = graph_of(unrolled, masks, tmp_path)
    # Two weights of the kernel lead somewhere, at six places each, and all of the head's.
    by_hand = (2 + masks["head"].sum((1, 2))) / (CHANNELS * KERNEL + 3 * CHANNELS * ENDS)
    np.testing.assert_allclose(effective_density(graph), by_hand)
    edges = sum(wires.sum((1, 2)) for wires in graph.adjacency)
    assert (by_hand != edges / sum(wires[0].size for wires in graph.adjacency)).all()


def test_effective_density_of_a_recurrent_network_is_over_its_weights(tmp_path):
    masks = {name: np.ones((1, *shape), bool) for name, shape in SHAPES[recurrent].items()}
    assert effective_density(graph_of(recurrent, masks, tmp_path)) == [1.0]
    masks["recurrent"][:] = False
    masks["out"][0, 0, 5:] = False
    assert effective_density(graph_of(recurrent, masks, tmp_path)) == [15 / (UNITS * 17)]


def test_places_survive_vmap_and_jit_and_cutting_down(tmp_path):
    graph = graph_of(unrolled, random_masks(unrolled, 0.3, 3), tmp_path)
    assert jax.jit(lambda one: one)(graph).places is graph.places
    assert jax.vmap(lambda one: one)(graph).places is graph.places
    assert jax.tree.map(lambda leaf: leaf[:1], graph).places is graph.places
    missing = replace(graph, places=None, every_node=False)
    assert not jax.jit(lambda one: one)(missing).every_node
    assert why_uncalibrated(missing, "layered") == "nodes without an edge are not in the file"
    assert why_uncalibrated(missing, "degree") is None
