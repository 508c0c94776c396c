"""The metric `topology`, against brute force on small graphs and igraph's own measures."""

import itertools

import igraph
import numpy as np
import pytest
from harness_plugins.architectures.cnn import Convolutional
from harness_plugins.architectures.mlp import Perceptron
from harness_plugins.metrics import _topology_measures as measures

from harness import layered

SIZES = (3, 5, 4, 2)


def wires(seed, density=0.5, sizes=SIZES):
    rng = np.random.default_rng(seed)
    return [rng.random(shape) < density for shape in itertools.pairwise(sizes)]


def graph(seed, density=0.5, sizes=SIZES):
    return layered([layer.T for layer in wires(seed, density, sizes)])


def walks_of(layers):
    """Return every input-output path of a network, by brute force."""
    nodes = [range(layers[0].shape[0]), *(range(layer.shape[1]) for layer in layers)]
    steps = (
        [(at, *pair) for at, pair in enumerate(itertools.pairwise(walk))]
        for walk in itertools.product(*nodes)
    )
    return [walk for walk in steps if all(layers[at][a, b] for at, a, b in walk)]


@pytest.mark.parametrize("seed", range(4))
def test_the_spectrum_is_that_of_the_bipartite_graph(seed):
    (layer,) = wires(seed, 0.4, (6, 5))
    layer[2] = False  # a node without an edge has no degree to average
    whole = np.block([[np.zeros((6, 6)), layer], [layer.T, np.zeros((5, 5))]])
    first, second = np.sort(np.linalg.eigvalsh(whole))[::-1][:2]
    found = measures.spectrum(layer)
    assert found["spectral_gap"] == pytest.approx(first - second)
    degrees = [np.mean([d for d in layer.sum(axis) if d]) for axis in (0, 1)]
    bound = sum(np.sqrt(d - 1) for d in degrees)
    assert found["ramanujan_margin"] == pytest.approx(bound - second)


def test_the_incidence_graph_of_the_fano_plane_is_ramanujan():
    lines = [{i % 7, (i + 1) % 7, (i + 3) % 7} for i in range(7)]
    fano = np.array([[point in line for point in range(7)] for line in lines])
    found = measures.spectrum(fano)
    assert found["spectral_gap"] == pytest.approx(3 - np.sqrt(2))
    assert found["ramanujan_margin"] == pytest.approx(2 * np.sqrt(2) - np.sqrt(2))


@pytest.mark.parametrize("seed", range(4))
def test_clustering_and_modularity_by_brute_force(seed):
    (layer,) = wires(seed, 0.3, (9, 7))
    shared = layer.astype(int) @ layer.T.astype(int)
    np.fill_diagonal(shared, 0)
    linked = shared > 0
    closed = [linked[a, c] for b in range(9)
              for a, c in itertools.combinations(np.flatnonzero(linked[b]), 2)]  # fmt: skip
    links = igraph.Graph.Weighted_Adjacency(shared.tolist(), mode="undirected")
    parts = links.community_fastgreedy(weights="weight").as_clustering().membership
    degree, total = shared.sum(0), shared.sum()
    expected = sum(
        (shared[a, b] - degree[a] * degree[b] / total) / total
        for a in range(9) for b in range(9) if parts[a] == parts[b]
    )  # fmt: skip
    modularity, clustering = measures.projection(layer)
    assert clustering == pytest.approx(np.mean(closed))
    assert modularity == pytest.approx(expected)


def test_two_separate_blocks_have_modularity_one_half():
    blocks = np.kron(np.eye(2, dtype=bool), np.ones((4, 3), bool))
    assert measures.projection(blocks) == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize("seed", range(3))
def test_paths_by_brute_force_and_their_mean_under_layered(seed):
    network = graph(seed)
    found = measures.paths(network)
    walks = walks_of(network.adjacency)
    assert 10 ** found["log10_paths"] == pytest.approx(len(walks))
    kept, through = measures.paths_by_weight(network)
    numbers = measures.weights(network)
    by_weight = np.bincount([numbers[at][a, b] for walk in walks for at, a, b in walk],
                            minlength=sum(map(np.size, numbers)))  # fmt: skip
    there = np.concatenate([layer.ravel() for layer in network.adjacency])
    assert kept.tolist() == np.flatnonzero(there).tolist()
    assert through.tolist() == by_weight[kept].tolist()
    rng = np.random.default_rng(seed)
    drawn = [
        measures.ways([rng.permuted(layer.ravel()).reshape(layer.shape)
                       for layer in network.adjacency])[-1].sum() for _ in range(4000)
    ]  # fmt: skip
    expected = len(walks) / 2 ** found["log2_paths_ratio"]
    assert abs(np.mean(drawn) - expected) < 4 * np.std(drawn) / np.sqrt(len(drawn))


def brute_distances(one, other, order):
    """Return the NNSTD, times layers, of every choice among equally good matchings."""
    if not one:
        return [0.0]
    left, right = one[0], other[0][list(order)]
    sets = [[frozenset(np.flatnonzero(column)) for column in layer.T] for layer in (left, right)]
    apart = [[len(a ^ b) / len(a | b) if a | b else 0 for b in sets[1]] for a in sets[0]]
    nodes = range(len(apart))
    matchings = itertools.permutations(nodes) if len(one) > 1 else [tuple(nodes)]
    costs = {match: np.mean([apart[i][match[i]] for i in nodes]) for match in matchings}
    least = min(costs.values())
    best = [match for match, cost in costs.items() if cost < least + 1e-9]
    return [least + rest for match in best for rest in brute_distances(one[1:], other[1:], match)]


@pytest.mark.parametrize("seed", range(6))
def test_nnstd_by_trying_all_matchings(seed):
    one, other = wires(seed, 0.4), wires(seed + 100, 0.4)
    expected = np.array(brute_distances(one, other, range(3))) / 3
    assert np.isclose(measures.distance(one, other), expected).any()


def test_nnstd_is_0_for_the_same_network_with_other_numbers_of_hidden_nodes():
    rng = np.random.default_rng(0)
    one = [rng.random(shape) < 0.5 for shape in itertools.pairwise((12, 6, 5, 3))]
    first, second = rng.permutation(6), rng.permutation(5)
    other = [one[0][:, first], one[1][first][:, second], one[2][second]]
    assert measures.distance(one, other) == 0
    empty = [np.zeros_like(layer) for layer in one]
    assert measures.distance(empty, empty) == 0
    assert measures.distance([np.ones((3, 2), bool)], [np.zeros((3, 2), bool)]) == 1


@pytest.mark.parametrize("seed", range(3))
def test_robustness_by_removing_edge_after_edge(seed):
    network = graph(seed)
    kept, _ = measures.paths_by_weight(network)
    order = np.random.default_rng(seed).permutation(kept)
    numbers = measures.weights(network)

    def effective(removed):
        layers = [layer & ~np.isin(number, removed)
                  for layer, number in zip(network.adjacency, numbers, strict=True)]  # fmt: skip
        return len({step for walk in walks_of(layers) for step in walk})

    shares = (0.1, 0.3, 0.6)
    left = [effective(order[: round(share * len(order))]) for share in shares]
    expected = np.mean(left) / effective([])
    assert measures.left(network, order, shares) == pytest.approx(expected)


def test_a_network_with_nothing_left_has_no_figures_and_no_error(registry):
    metric = registry.find("metric", "topology").factory()
    empty = layered([np.zeros(layer.T.shape, bool) for layer in wires(0)])
    figures = metric._figures(empty, empty, empty, np.random.default_rng(0))
    defined = {key: value for key, value in figures.items() if not np.isnan(value)}
    assert defined == {("nnstd", -1): 0.0, ("nnstd_excess", -1): 0.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "inputs", "view"),
    [(Perceptron(sizes=(8, 7)), (6,), ""), (Convolutional(channels=(2,)), (6, 6, 1), "units")],
    ids=["mlp", "cnn"],
)
def test_random_masks_are_as_far_apart_as_their_draws(
    registry, random_trajectory, architecture, inputs, view
):
    metric = registry.find("metric", "topology").factory(view=view)
    table = metric.measure(random_trajectory(architecture, inputs))
    whole = table[table["layer"] == -1].pivot(index="network", columns="measure", values="value")
    excess = whole["nnstd_excess"]
    assert abs(excess.mean()) < 4 * excess.sem()
    assert (whole["robustness_targeted"] < whole["robustness_random"]).mean() > 0.9
    assert whole["log2_paths_ratio"].isna().all() == (view == "units")
