"""The null of independent edges, against enumeration of all states and independent code."""

from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from harness.motifs import (
    TOTAL,
    block_model,
    classes,
    configuration_model,
    counts,
    independent_covariances,
    independent_moments,
    independent_profile,
)
from harness.sparse.graph import LayeredGraph

DEGREES = (((2, 2, 1), (1, 2, 1, 1)), ((3, 1, 1, 0), (2, 1, 2)), ((2, 1, 1), (1, 3)))
# Mean and sd of networks A and B by independent code (SCIENCE.md section 12). Its sd of zigzag
# in B, 6.9356597390, is misprinted: its own code and enumeration of all states give 6.9357596739.
ORACLE = {
    "diverge2": (1.5300000000, 1.2226610323, 7.7496804819, 2.3975751078),
    "converge2": (1.8600000000, 1.3782597723, 7.7496804819, 2.1946739518),
    "chain2": (4.0600000000, 2.6856656531, 13.0000000000, 4.1251178162),
    "diverge3": (0.0630000000, 0.2459085196, 1.9691352686, 1.3645836713),
    "converge3": (0.1440000000, 0.3591991091, 1.8663250586, 0.8133824292),
    "chain3": (1.6980000000, 1.8972896458, 8.5000000000, 4.5441277162),
    "chain_diverge": (0.8880000000, 1.1972501827, 5.7500000000, 2.8547697992),
    "converge_chain": (1.3560000000, 1.6708417041, 6.3136434445, 4.0631463962),
    "bifan": (0.1476000000, 0.4017670967, 1.1334617773, 1.2928477173),
    "biparallel": (0.4442000000, 0.8359899282, 4.9388032036, 2.0965013735),
    "zigzag": (1.5660000000, 1.9827808754, 12.8799427417, 6.9357596739),
    "fork_tail": (1.9740000000, 2.4140513665, 17.4546618657, 7.2036237055),
    "merge_tail": (2.4720000000, 2.7850673241, 16.5000000000, 6.7098696084),
}
COVARIANCE = 0.4314720000, 3.2845370533
"""Of chain2 and bifan."""


def ramp(*nodes):
    """Probabilities that differ from edge to edge."""
    layers = enumerate(pairwise(nodes))
    return [(1 + np.add.outer(np.arange(a), 2 * np.arange(b)) + at) / 10 for at, (a, b) in layers]


def oracle_network(which):
    return [ramp(2, 3, 2, 2), [configuration_model(*map(np.array, both)) for both in DEGREES]][
        which
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_oracle(which):
    network = oracle_network(which)
    found = independent_moments(network)
    assert found.keys() == ORACLE.keys()
    for name, values in ORACLE.items():
        own = found[name].total_mean, found[name].total_sd
        assert own == pytest.approx(values[2 * which : 2 * which + 2], abs=1e-9), name
    names = list(found)
    covariance = independent_covariances(network)[names.index("chain2"), names.index("bifan")]
    assert covariance == pytest.approx(COVARIANCE[which], abs=1e-9)


@cache
def every_graph(nodes):
    """All graphs of these sizes, as one batch."""
    sizes = [a * b for a, b in pairwise(nodes)]
    states = np.array(list(product([False, True], repeat=sum(sizes))))
    parts = np.split(states, np.cumsum(sizes)[:-1], axis=1)
    shapes = pairwise(nodes)
    return tuple(part.reshape(-1, a, b) for part, (a, b) in zip(parts, shapes, strict=True))


def weights(network, states):
    """The probability of each graph."""
    return np.prod(
        [np.where(s, p, 1 - p).prod((1, 2)) for p, s in zip(network, states, strict=True)],
        axis=0,
    )


def uneven(*nodes):
    """Probabilities without order, of which some are 0 or 1, and some nodes are alike."""
    rng = np.random.default_rng(7)
    network = [rng.random((a, b)) for a, b in pairwise(nodes)]
    network[0][0, 0], network[-1][-1, -1] = 0, 1
    network[0][:, 1] = network[0][:, 0]
    for layer in network[1:2]:
        layer[1] = layer[0]
    return network


@pytest.mark.slow
@pytest.mark.parametrize(
    ("probabilities", "nodes", "orders"),
    [
        (ramp, (2, 2, 2, 1), (2, 3)),
        (uneven, (2, 2, 2, 1), (2, 3)),
        (ramp, (2, 2, 1), (4,)),
        (uneven, (3, 3), (2, 3, 4)),
    ],
)
def test_moments_are_those_of_all_graphs(probabilities, nodes, orders):
    network = [np.minimum(layer, 1) for layer in probabilities(*nodes)]
    states = every_graph(nodes)
    weight = weights(network, states)
    copies = counts(LayeredGraph(states), orders)
    found = independent_moments(network, orders)
    summed = np.stack([number.sum(-1) for number in copies.values()], -1)
    mean = weight @ summed
    spread = (weight[:, None] * (summed - mean)).T @ (summed - mean)
    for i, (name, number) in enumerate(copies.items()):
        assert found[name].total_mean == pytest.approx(mean[i], rel=1e-12), name
        assert found[name].total_sd ** 2 == pytest.approx(spread[i, i], rel=1e-11), name
        by_base = weight @ number
        variance = weight @ (number - by_base) ** 2
        assert found[name].mean == pytest.approx(by_base, rel=1e-12), name
        assert found[name].sd ** 2 == pytest.approx(variance, rel=1e-11), name
    if 4 not in orders:
        np.testing.assert_allclose(independent_covariances(network, orders), spread, atol=1e-12)


def test_a_count_that_cannot_vary_has_sd_0_exactly():
    found = independent_moments([np.full((5, 2), 0.3), np.array([[1.0], [0.0]])])
    assert found["diverge3"].total_mean == found["diverge3"].total_sd == 0
    assert found["converge2"].sd[1] == 0
    assert found["chain2"].total_sd > 0


def test_equal_nodes_change_nothing_but_the_cost():
    alike = [np.full((6, 5), 0.2), np.full((5, 4), 0.4)]
    rng = np.random.default_rng(3)
    unlike = [layer + 1e-13 * rng.random(layer.shape) for layer in alike]
    found, wanted = independent_moments(alike), independent_moments(unlike)
    for name, one in found.items():
        assert one.total_sd == pytest.approx(wanted[name].total_sd, rel=1e-10), name


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "one matrix"),
        ([np.zeros((2, 3)), np.zeros((2, 2))], "layer 0 has 3 targets"),
        ([np.full((2, 2), 1.5)], "layer 0 holds numbers"),
        ([np.full((2, 2), np.nan)], "layer 0 holds numbers"),
    ],
)
def test_what_is_no_network_of_probabilities_is_refused(layers, words):
    with pytest.raises(ValueError, match=words):
        independent_moments(layers)


@pytest.mark.parametrize("shape", [(1, 1), (4, 9), (30, 20), (60, 7)])
@pytest.mark.parametrize("nested", [False, True])
def test_the_configuration_model_has_the_degrees(shape, nested):
    rng = np.random.default_rng(shape[0])
    for density in (0.05, 0.5, 0.95):
        wires = rng.random(shape)
        if nested:  # some margins leave no choice
            wires = np.add.outer(rng.random(shape[0]), rng.random(shape[1])) / 2
        wires = wires < density
        found = configuration_model(wires.sum(1), wires.sum(0))
        assert ((found >= 0) & (found <= 1)).all()
        np.testing.assert_allclose(found.sum(1), wires.sum(1), atol=1e-9)
        np.testing.assert_allclose(found.sum(0), wires.sum(0), atol=1e-9)
        odds = found / (1 - found) if ((found > 0) & (found < 1)).all() else np.ones((1, 1))
        np.testing.assert_allclose(odds[:1] * odds[:, :1], odds * odds[0, 0], rtol=1e-6)


def test_degrees_that_leave_no_choice_are_exact():
    full, empty = configuration_model(np.array([3, 0, 2]), np.array([2, 2, 1]))[:2]
    assert (full == 1).all()
    assert (empty == 0).all()
    nested = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(configuration_model(nested.sum(1), nested.sum(0)), nested)
    block = configuration_model(np.array([3, 3, 1, 1]), np.array([3, 3, 1, 1]))
    wanted = np.kron([[1, 0.5], [0.5, 0]], np.ones((2, 2)))
    np.testing.assert_allclose(block, wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("rows", "columns"), [((1,), (2,)), ((3, 3, 3, 0, 0), (5, 2, 2)), ((-1, 2), (0, 1))]
)
def test_degrees_of_no_network_are_refused(rows, columns):
    with pytest.raises(ValueError, match="degrees"):
        configuration_model(np.array(rows), np.array(columns))


def test_blocks_hold_the_edges_of_each_pair_of_groups():
    wires = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], bool)
    allowed = np.ones((3, 3), bool)
    allowed[1, 0] = False
    sources, targets = np.array([0, 0, 1]), np.array([0, 0, 1])
    found = block_model(wires, sources, targets, allowed)
    np.testing.assert_allclose(found, [[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    found = block_model(wires, sources, targets)
    np.testing.assert_allclose(found, [[0.75, 0.75, 0], [0.75, 0.75, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="not allowed"):
        block_model(wires, sources, targets, allowed & ~wires)


def some_networks():
    rng = np.random.default_rng(5)
    return LayeredGraph((rng.random((3, 6, 8)) < 0.3, rng.random((3, 8, 5)) < 0.4))


def test_the_profile_scores_counts_by_the_moments_of_their_degrees():
    graph = some_networks()
    table = independent_profile(graph)
    assert len(table) == 3 * sum(1 + max(0, 3 - c.span) for k in (2, 3) for c in classes(k))
    assert set(table["null"]) == {"independent"}
    assert not table.calibrated.any()
    assert table.uncalibrated.str.contains("degrees fluctuate").all()
    assert table[["p_normal", "q_normal"]].isna().all().all()
    rows = table[(table.network == 1) & (table.base_layer == TOTAL)].set_index("motif")
    own = [layer[1] for layer in graph.adjacency]
    null = independent_moments([configuration_model(w.sum(1), w.sum(0)) for w in own])
    copies = counts(graph)["bifan"][1].sum()
    assert rows.loc["bifan", "count"] == copies
    assert rows.loc["bifan", "expected"] == null["bifan"].total_mean
    z = (copies - null["bifan"].total_mean) / null["bifan"].total_sd
    assert rows.loc["bifan", "z"] == pytest.approx(z)


def test_classes_that_degrees_determine_get_no_z():
    table = independent_profile(some_networks())
    stars = {"diverge2", "converge2", "chain2", "diverge3", "converge3"}
    stars |= {"chain_diverge", "converge_chain"}
    defined = table[table.z.notna()]
    assert set(defined.motif) == ORACLE.keys() - stars - {"chain3"}  # which needs three layers
    assert (table[table.motif == "diverge2"].sd > 0).all()


def test_the_profile_takes_another_model_and_support():
    graph = some_networks()
    even = independent_profile(
        graph, model=lambda wires: [np.full(layer.shape, layer.mean()) for layer in wires]
    )
    rows = even[(even.motif == "bifan") & (even.base_layer == 0)]
    density = graph.adjacency[0].mean((1, 2))
    np.testing.assert_allclose(rows.expected, 15 * 28 * density**4)
    live = independent_profile(graph, support="live")
    assert set(live.support) == {"live"}
    assert live.uncalibrated.str.endswith("nodes were chosen after looking").all()
