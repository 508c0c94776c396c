"""Counts given those of lower orders, against regression on all graphs, and on draws."""

from itertools import combinations, product

import numpy as np
import pytest

from harness import LayeredGraph, motifs

LOWER = [motif.name for order in (2, 3) for motif in motifs.classes(order)]


def every_graph(nodes, edges):
    """Return all graphs of these sizes, as one batch."""
    layers = []
    for a, b, m in zip(nodes, nodes[1:], edges, strict=False):
        chosen = np.array([[n in picked for n in range(a * b)] for picked in picks(a * b, m)])
        layers.append(chosen.reshape(-1, a, b))
    places = np.array(list(product(*(range(len(layer)) for layer in layers))))
    return LayeredGraph(tuple(one[at] for one, at in zip(layers, places.T, strict=True)))


def picks(places, edges):
    return list(combinations(range(places), edges))


def residuals(counts, names, given):
    """Return each class's residuals of a least-squares regression on all graphs."""
    sums = {name: copies.sum(-1).astype(float) for name, copies in counts.items()}
    known = np.stack([np.ones(len(sums[given[0]])), *(sums[name] for name in given)], 1)
    wanted = np.stack([sums[name] for name in names], 1)
    return wanted - known @ np.linalg.lstsq(known, wanted, rcond=1e-10)[0]


@pytest.mark.slow
@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize(("nodes", "edges"), [((2, 3, 2), (3, 3)), ((2, 2, 2, 2), (2, 3, 2))])
def test_z_is_the_residual_of_a_regression_on_every_graph(nodes, edges, order):
    graphs = every_graph(nodes, edges)
    names = [motif.name for motif in motifs.classes(order)]
    given = [name for name in LOWER if order == 4 or name in ("diverge2", "converge2", "chain2")]
    counts = motifs.counts(graphs, (2, 3, 4))
    left = residuals(counts, names, given)
    table = motifs.given_lower_profile(graphs, orders=(order,))
    z = table.pivot(index="network", columns="motif", values="z")
    sd = table.pivot(index="network", columns="motif", values="sd")
    spread = left.std(0)
    varies = 0
    for place, name in enumerate(names):
        np.testing.assert_allclose(sd[name], spread[place], atol=1e-6)
        if spread[place] > 1e-6:
            varies += 1
            np.testing.assert_allclose(z[name], left[:, place] / spread[place], atol=1e-6)
        else:
            assert z[name].isna().all()
    assert varies


@pytest.mark.slow
def test_uniform_draws_have_z_of_mean_0_and_variance_1_and_unequal_degrees_do_not():
    rng = np.random.default_rng(0)
    start = LayeredGraph(tuple(rng.random(shape) < 0.2 for shape in ((20, 30), (30, 20))))
    drawn = motifs.draws(start, "layered", 400, seed=(1,))
    table = motifs.given_lower_profile(drawn)
    of_class = table.groupby("motif")["z"]
    most = of_class.mean().abs().max()
    assert most < 4 / np.sqrt(400)
    assert of_class.var().dropna().between(0.5, 2.5).all()
    heavy = [np.outer(rng.lognormal(0, 1, a), np.ones(b)) for a, b in ((20, 30), (30, 20))]
    unequal = LayeredGraph(tuple((rng.random(w.shape) < 0.15 * w)[None] for w in heavy))
    assert motifs.given_lower_profile(unequal)["z"].abs().max() > 5


def test_it_says_that_it_is_descriptive_and_lower_counts_are_kept_as_they_are():
    graph = LayeredGraph(tuple(np.random.default_rng(0).random((2, 2, 8, 8)) < 0.3))
    table = motifs.given_lower_profile(graph, orders=(2, 3, 4))
    assert set(table["order"]) == {3, 4}
    assert set(table["null"]) == {motifs.GIVEN_LOWER}
    assert not table["calibrated"].any()
    assert table["p_normal"].isna().all()
    exact = motifs.profile(graph, supports=["all"], orders=(3, 4))
    exact = exact[exact["base_layer"] == motifs.TOTAL].set_index(["network", "motif"])["count"]
    found = table.set_index(["network", "motif"])["count"]
    assert (found == exact.loc[found.index]).all()
