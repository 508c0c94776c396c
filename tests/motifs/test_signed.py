"""Coherent copies by brute force, and permuted signs by enumeration and on random signs."""

import itertools
from math import comb

import numpy as np
import pytest

from harness import layered, motifs
from harness.sparse.places import Places

SIZES = (4, 5, 4, 3)


def signed(seed, sizes=SIZES, density=0.6, batch=1):
    rng = np.random.default_rng(seed)
    shapes = [(batch, *pair) for pair in itertools.pairwise(sizes)]
    return [rng.choice([-1, 0, 1], shape, p=[density * 0.4, 1 - density, density * 0.6])
            for shape in shapes]  # fmt: skip


def profile(signs, **how):
    return motifs.signed_profile(layered([(s != 0).swapaxes(-1, -2) for s in signs]), signs, **how)


def coherence(name, signs):
    """Return the product of signs of every copy of a class, by base layer."""
    found = {}
    (motif,) = (one for order in (2, 3) for one in motifs.classes(order) if one.name == name)
    layer_of = [layer for layer, n in enumerate(motif.layers) for _ in range(n)]
    for base in range(len(signs) - motif.span + 1):
        nodes = [len(signs[0]), *(layer.shape[1] for layer in signs)]
        choices = [itertools.permutations(range(nodes[base + layer]), n)
                   for layer, n in enumerate(motif.layers)]  # fmt: skip
        products = []
        for parts in itertools.product(*choices):
            at = list(itertools.chain(*parts))
            products.append(np.prod([signs[base + layer_of[a]][at[a], at[b]]
                                     for a, b in motif.edges]))  # fmt: skip
        tally = [products.count(sign) // motif.automorphisms for sign in (1, -1)]
        found[base] = tuple(tally)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_coherent_and_incoherent_copies_by_brute_force(seed):
    signs = signed(seed)
    table = profile(signs, draws=2).set_index(["motif", "base_layer"])
    for name in ("chain2", "chain3", "bifan", "biparallel"):
        own = table.loc[name]
        expected = coherence(name, [layer[0] for layer in signs])
        assert set(own.index) == {-1, *expected}
        for base, tally in expected.items():
            assert tuple(own.loc[base, ["count", "incoherent"]]) == tally
        assert own.loc[-1, "count"] == own["count"].drop(-1).sum()
        assert own.loc[-1, "share"] == own.loc[-1, "count"] / sum(map(sum, expected.values()))


def test_the_mean_of_permuted_signs_is_that_of_signs_drawn_without_replacement():
    signs = signed(5)

    def mean_product(layer, number):
        plus, minus = (layer == 1).sum(), (layer == -1).sum()
        ways = [comb(minus, k) * comb(plus, number - k) * (-1) ** k for k in range(number + 1)]
        return sum(ways) / comb(plus + minus, number)

    table = profile(signs, draws=4000)
    for row in table[table["base_layer"] >= 0].itertuples():
        (motif,) = (one for one in motifs.classes(row.order) if one.name == row.motif)
        layers = signs[row.base_layer :]
        product = np.prod([mean_product(layer, number) for layer, number in
                           zip(layers, motif.edges_per_layer, strict=False)])  # fmt: skip
        expected = (row.count + row.incoherent) * (1 + product) / 2
        assert abs(row.expected - expected) < 4 * row.sd / np.sqrt(4000)


def test_random_signs_have_z_of_mean_0_and_variance_1():
    table = profile(signed(1, batch=60), draws=200)
    for name, z in table[table["base_layer"] == -1].groupby("motif")["z"]:
        assert abs(z.mean()) < 4 / np.sqrt(len(z)), name
        assert 0.4 < z.var() < 2.2, name


def test_networks_of_one_sign_are_all_coherent_and_have_no_z():
    signs = [np.abs(layer) for layer in signed(2)]
    table = profile(signs, draws=5)
    assert (table["incoherent"] == 0).all()
    assert table[["z", "p", "q"]].isna().all(axis=None)


def test_a_rank_one_pattern_of_signs_makes_every_closed_class_coherent():
    rng = np.random.default_rng(0)
    nodes = [rng.choice([-1, 1], n) for n in SIZES]
    signs = [np.outer(a, b)[None] for a, b in itertools.pairwise(nodes)]
    table = profile(signs, draws=50).set_index(["motif", "base_layer"])
    for name in ("bifan", "biparallel"):
        assert (table.loc[name, "incoherent"] == 0).all()
        assert table.loc[(name, -1), "z"] > 5


def test_where_edges_share_weights_there_is_no_p():
    signs = signed(3)
    numbers = tuple(np.zeros(layer.shape[1:], int) for layer in signs)
    graph = layered([(s != 0).swapaxes(-1, -2) for s in signs])
    tied = type(graph)(graph.adjacency, places=Places(numbers, np.ones(1, bool)))
    table = motifs.signed_profile(tied, signs, draws=3)
    assert table[["p", "q"]].isna().all(axis=None)
    assert set(table["uncalibrated"]) == {"edges share weights"}
