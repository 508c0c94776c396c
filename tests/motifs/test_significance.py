"""Profiles: calibration under the null, families, undefined values."""

import numpy as np
import pytest
from scipy import stats

from harness.graph import LayeredGraph, edge_counts, live_nodes, node_counts, restrict
from harness.motifs import TOTAL, classes, counts, moments, profile

SIZES = (10, 60, 60, 16, 7)
EDGES = (120, 500, 150, 40)


def uniform_graphs(networks, nodes=SIZES, edges=EDGES, seed=0):
    """Draws from the `layered` null."""
    rng = np.random.default_rng(seed)
    layers = []
    for a, b, m in zip(nodes, nodes[1:], edges, strict=False):
        ranks = rng.random((networks, a * b)).argsort(1)
        layers.append((ranks < m).reshape(networks, a, b))
    return LayeredGraph(tuple(layers))


@pytest.fixture(scope="module")
def table():
    return profile(uniform_graphs(6))


def test_z_is_calibrated_on_all_nodes():
    networks = 300
    rows = profile(uniform_graphs(networks), supports=("all",)).query(f"base_layer == {TOTAL}")
    for kind in ("z", "induced_z"):
        z = rows.pivot_table(index="network", columns="motif", values=kind)
        assert z.shape == (networks, 13)
        # Standard errors are 0.058 and, for a normal z, 0.082; some classes are skewed.
        assert z.mean().abs().max() < 4 * 0.058
        assert (z.var() - 1).abs().max() < 4.5 * 0.082
    assert 0.02 < (rows.p_normal < 0.05).mean() < 0.09


def test_rows_and_columns(table):
    identity = ["network", "support", "motif", "base_layer"]
    assert not table.duplicated(identity).any()
    bases = {motif.name: len(SIZES) - motif.span for o in (2, 3) for motif in classes(o)}
    assert len(table) == 6 * 2 * sum(1 + b for b in bases.values())
    assert table.network.is_monotonic_increasing
    assert set(table.null) == {"layered"}
    assert table[["count", "induced", "network", "base_layer"]].dtypes.eq(np.int64).all()


def test_rows_hold_counts_and_moments_of_their_support(table):
    graph = uniform_graphs(6)
    live = live_nodes(graph)
    for support, subject in (("all", graph), ("live", restrict(graph, live))):
        nodes = node_counts(graph) if support == "all" else [int(n[4].sum()) for n in live]
        null = moments(nodes, edge_counts(subject)[4])
        rows = table[(table.network == 4) & (table.support == support)]
        for (motif, base), row in rows.set_index(["motif", "base_layer"]).iterrows():
            number = counts(subject)[motif][4]
            if base == TOTAL:
                expected = number.sum(), null[motif].total_mean, null[motif].total_sd
            else:
                expected = number[base], null[motif].mean[base], null[motif].sd[base]
            assert (row["count"], row.expected, row.sd) == expected
            assert row.z == (row["count"] - row.expected) / row.sd
            assert row.log2_ratio == np.log2(row["count"] / row.expected)
            assert row.p_normal == pytest.approx(2 * stats.norm.sf(abs(row.z)))


def test_induced_and_copies_differ_only_where_a_fuller_class_exists(table):
    same = ~table.motif.isin(["zigzag", "fork_tail", "merge_tail"])
    assert (table["count"] == table.induced)[same].all()
    assert (table.z.eq(table.induced_z) | table.z.isna())[same].all()
    summed = table[~same & (table.base_layer == TOTAL)]
    assert (summed["count"] > summed.induced).all()
    assert (summed.z != summed.induced_z).all()


def test_families_are_one_network_and_support(table):
    summed = table[table.base_layer == TOTAL]
    assert table[table.base_layer != TOTAL][["profile", "q_normal"]].isna().all().all()
    for _, rows in summed.groupby(["network", "support", "order"]):
        np.testing.assert_allclose(rows.profile, rows.z / np.sqrt((rows.z**2).sum()))
    for _, rows in summed.groupby(["network", "support"]):
        q = stats.false_discovery_control(rows.p_normal)
        np.testing.assert_allclose(rows.q_normal, q)


def test_what_is_constant_has_no_z_and_is_in_no_family():
    graph = uniform_graphs(2, nodes=(4, 5, 1), edges=(9, 3))
    rows = profile(graph, supports=("all",)).query(f"base_layer == {TOTAL}").set_index("motif")
    constant = rows.sd == 0
    # A single output: its in-degree is fixed; no pair of outputs, no layer after it.
    assert not constant.all()
    undefined = rows[constant]
    assert {"biparallel", "chain3", "chain_diverge"} & set(undefined.index) == {
        "chain3",
        "chain_diverge",
    }
    assert undefined[["z", "profile", "p_normal", "q_normal"]].isna().all().all()
    first = rows[(rows.network == 0) & ~constant]
    np.testing.assert_allclose(first.q_normal, stats.false_discovery_control(first.p_normal))


def test_an_empty_network_is_undefined_and_leaves_the_others_alone():
    graph = uniform_graphs(3)
    wires = [layer.copy() for layer in graph.adjacency]
    for layer in wires:
        layer[1] = False
    found = profile(LayeredGraph(tuple(wires)))
    empty = found[found.network == 1]
    values = ["z", "induced_z", "log2_ratio", "profile", "p_normal", "q_normal"]
    assert empty[values].isna().all().all()
    assert (empty[["count", "expected", "sd"]] == 0).all().all()
    others = found[found.network != 1].reset_index(drop=True)
    before = profile(graph)
    assert others.equals(before[before.network != 1].reset_index(drop=True))


def test_no_networks_give_no_rows(table):
    none = profile(uniform_graphs(0))
    assert len(none) == 0
    assert list(none.columns) == list(table.columns)


def test_what_cannot_be_asked_for_is_refused():
    with pytest.raises(ValueError, match="known: \\['all', 'live'\\]"):
        profile(uniform_graphs(1), supports=("alive",))
    with pytest.raises(ValueError, match="networks, n_in, n_out"):
        profile(LayeredGraph((np.ones((2, 3), bool),)))
