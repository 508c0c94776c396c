"""Profiles: calibration under the null, families, undefined values."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from harness.motifs import TOTAL, classes, counts, moments, profile
from harness.sparse.graph import (
    LayeredGraph,
    bias_as_nodes,
    edge_counts,
    live_nodes,
    node_counts,
    restrict,
    strip_published,
)

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
    networks = 1000
    rows = profile(uniform_graphs(networks), supports=("all",)).query(f"base_layer == {TOTAL}")
    for kind in ("z", "induced_z"):
        z = rows.pivot_table(index="network", columns="motif", values=kind)
        assert z.shape == (networks, 13)
        # Standard errors are 0.032 and, for a normal z, 0.045; some classes are skewed.
        assert z.mean().abs().max() < 4 * 0.032
        assert (z.var() - 1).abs().max() < 5 * 0.045
    assert 0.03 < (rows.p_normal < 0.05).mean() < 0.08
    assert rows.calibrated.all()


def test_the_bias_of_live_nodes_is_there_and_called_nothing_significant():
    """SCIENCE.md section 6: uniform masks at 98 % have zigzag -7.9 on live nodes, bifan -3.8."""
    nodes = (10, 400, 400, 400, 16, 7)
    edges = [round(0.02 * a * b) for a, b in pairwise(nodes)]
    found = profile(uniform_graphs(20, nodes, edges)).query(f"base_layer == {TOTAL}")
    mean = found.pivot_table(index="support", columns="motif", values="z")
    assert mean.loc["all"].abs().max() < 4.5 / np.sqrt(20)
    assert mean.loc["live", "zigzag"] == pytest.approx(-7.9, abs=1)
    assert mean.loc["live", "bifan"] == pytest.approx(-3.8, abs=1)
    assert mean.loc["live", "diverge2"] == pytest.approx(-3.0, abs=1)
    live = found[found.support == "live"]
    assert not live.calibrated.any()
    assert live[["p_normal", "q_normal"]].isna().all().all()
    assert live.z.notna().all()


def with_biases(graph, seed=1):
    rng = np.random.default_rng(seed)
    bias = tuple(rng.random((layer.shape[0], layer.shape[2])) < 0.3 for layer in graph.adjacency)
    return LayeredGraph(graph.adjacency, bias)


def test_bias_units_count_as_nodes_where_asked():
    graph = with_biases(uniform_graphs(400, (4, 12, 12, 3), (14, 40, 10)))
    found = profile(graph, supports=("all",), bias=True).query(f"base_layer == {TOTAL}")
    assert found.bias.all()
    number = counts(bias_as_nodes(graph))
    for name, rows in found.groupby("motif"):
        np.testing.assert_array_equal(rows["count"], number[name].sum(-1))
    drawn = uniform_graphs(1, (4, 12, 12, 3), (14, 40, 10))
    without = profile(with_biases(drawn), supports=("all",))
    assert without.drop(columns="bias").equals(
        profile(drawn, supports=("all",)).drop(columns="bias")
    )
    with pytest.raises(ValueError, match="no bias edges"):
        profile(drawn, bias=True)


def test_published_nodes_are_those_left_when_ghosts_and_dead_are_cut_off():
    graph = with_biases(uniform_graphs(3, (4, 12, 12, 3), (6, 20, 6)))
    left = strip_published(graph)
    nodes = [*(w.any(-1).sum(-1) for w in left.adjacency), np.full(3, 3)]
    for bias in (False, True):
        found = profile(graph, supports=("live-published",), bias=bias)
        found = found.query(f"base_layer == {TOTAL} and network == 2").set_index("motif")
        number = counts(bias_as_nodes(left) if bias else LayeredGraph(left.adjacency))
        units = [int(unit[2].sum()) for unit in left.bias] if bias else None
        sizes = [int(layer[2]) for layer in nodes]
        null = moments(sizes, edge_counts(left)[2], bias_edges=units)
        for name, row in found.iterrows():
            assert row["count"] == number[name][2].sum()
            assert row.expected == pytest.approx(float(null[name].total_mean))
        assert not found.calibrated.any()


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
                whole = null[motif]
                expected = (number.sum(), float(whole.total_mean), float(whole.total_sd))
            else:
                expected = number[base], null[motif].mean[base], null[motif].sd[base]
            assert (row["count"], row.expected, row.sd) == pytest.approx(expected, rel=1e-12)
            assert row.z == (row["count"] - row.expected) / row.sd
            assert row.log2_ratio == np.log2(row["count"] / row.expected)
            p = 2 * stats.norm.sf(abs(row.z)) if support == "all" else np.nan
            assert row.p_normal == pytest.approx(p, nan_ok=True)


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
    for _, rows in summed[summed.calibrated].groupby("network"):
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
    with pytest.raises(ValueError, match="known: \\['all', 'live', 'live-published'\\]"):
        profile(uniform_graphs(1), supports=("alive",))
    with pytest.raises(ValueError, match="networks, n_in, n_out"):
        profile(LayeredGraph((np.ones((2, 3), bool),)))
