"""The census of triads and tetrads, its significance, and a connectome read as a layered graph."""

from itertools import combinations
from pathlib import Path

import igraph
import networkx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import motifs
from harness.motifs import TOTAL, census, control_draws, digraph_profile, layered_part
from harness.motifs._digraph_classes import class_name
from harness.motifs._rounds import Rounds
from harness.sparse.edges import sparse_digraph
from harness.sparse.graph import Digraph, LayeredGraph

MUSHROOM_BODY = Path(__file__).parent.parent / "data" / "mushroom_body"
# Neurons by type: projection, Kenyon, output; see the README beside the data.
TYPES = {
    "left": (209, (range(151, 209), range(101), range(122, 151))),
    "right": (213, (range(150, 213), range(100), range(121, 150))),
}

# As first computed; the moments are checked in test_moments.py.
LEFT_Z = {"diverge2": 121.81, "converge2": 15.42, "chain2": 37.49, "bifan": 153.32}
RIGHT_Z = {"diverge2": 106.91, "converge2": 36.63, "chain2": 38.50, "bifan": 154.52}


def digraph(wires):
    every = np.ones(wires.shape[-1], bool)
    return Digraph(wires, every, every)


def random_wires(seed, nodes=40, density=0.1, batch=()):
    return np.random.default_rng(seed).random((*batch, nodes, nodes)) < density


def induced_names(wires, size):
    """The name of every weakly connected induced subgraph, from all sets of nodes."""
    for nodes in combinations(range(len(wires)), size):
        inner = wires[np.ix_(nodes, nodes)] & ~np.eye(size, dtype=bool)
        reached = np.linalg.matrix_power(np.eye(size) + inner + inner.T, size) > 0
        if reached.all():
            yield class_name(size, [tuple(edge) for edge in np.argwhere(inner).tolist()])


GRAPHS = {
    "random": lambda rng: rng.random((40, 40)) < 0.1,
    "half full": lambda rng: rng.random((30, 30)) < 0.5,
    "mutual": lambda rng: np.maximum(*(w := rng.random((40, 40)) < 0.1, w.T)),
    "hubs": lambda rng: np.minimum.outer(*np.sort(rng.pareto(1, (2, 90)))) > 1.2,
    "star": lambda rng: np.arange(50)[:, None] * np.arange(50) == 0,
    "few": lambda rng: rng.random((200, 200)) < 0.002,
    "none": lambda rng: np.zeros((4, 4), bool),
    "one node": lambda rng: np.zeros((1, 1), bool),
    "left": lambda rng: connectome("left"),
    "right": lambda rng: connectome("right"),
}


def connectome(side):
    number, _ = TYPES[side]
    table, wires = pd.read_csv(MUSHROOM_BODY / f"{side}.csv"), np.zeros((number, number), bool)
    wires[table["source"], table["target"]] = True
    return wires


def same_triads(wires):
    """Compare with igraph and with networkx, which agree on the names."""
    wires = wires & ~np.eye(len(wires), dtype=bool)
    found = motifs.triads(sparse_digraph(len(wires), *np.nonzero(wires)))
    known = networkx.triadic_census(networkx.from_numpy_array(wires, create_using=networkx.DiGraph))
    assert found == {name: int(count) for name, count in known.items()}
    other = igraph.Graph.Adjacency(wires).triad_census()
    assert found == {name: getattr(other, f"t{name}") for name in found}
    connected = census(digraph(wires), (2,))
    assert len(connected) == 13
    assert all(found[name] == count for name, count in connected.items())


@pytest.mark.parametrize("name", GRAPHS)
def test_triads_are_those_of_networkx_and_igraph(name):
    same_triads(GRAPHS[name](np.random.default_rng(0)))


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(2, 25), st.integers(0, 3))
def test_triads_of_any_digraph(seed, density, nodes, hubs):
    rng = np.random.default_rng(seed)
    wires = rng.random((nodes, nodes)) < density
    wires[:hubs] |= rng.random((min(hubs, nodes), nodes)) < 0.9
    same_triads(wires)


def test_triads_are_the_same_in_small_blocks(monkeypatch):
    wires = GRAPHS["hubs"](np.random.default_rng(1))
    whole = census(digraph(wires), (2,))
    monkeypatch.setattr("harness.motifs._triads._PATHS", 7)
    monkeypatch.setattr("harness.motifs._triads._TABLE_BYTES", 100)
    assert census(digraph(wires), (2,)) == whole


# By mfinder's dictionary of motifs: V-out 6, chain 12, V-in 36, feed-forward loop 38, loop 98.
MFINDER = {
    **{"030T": 38, "030C": 98, "021D": 6, "021C": 12, "021U": 36, "201": 78, "300": 238},
    **{"111D": 74, "111U": 14, "120D": 108, "120U": 46, "120C": 102, "210": 110},
    **{"bifan": 204, "biparallel": 904, "chain3": 328, "converge2": 36, "chain2": 12},
}


def test_classes_have_the_ids_of_mfinder():
    assert {name: motifs.mfinder_id(name) for name in MFINDER} == MFINDER
    tetrads = [motifs.mfinder_id(name) for name in census(digraph(np.zeros((2, 2), bool)), (3,))]
    assert len(set(tetrads)) == 199
    assert (min(tetrads), max(tetrads), 4740 in tetrads) == (14, 31710, True)  # 4740: the 4-cycle
    assert motifs.mfinder_id("chain2_pairs") is None


@pytest.mark.parametrize("size", [3, 4])
def test_names_fit_the_subgraphs_counted(size):
    wires = random_wires(1, 14, 0.35)
    names = list(induced_names(wires, size))
    found = census(digraph(wires), (size - 1,))
    assert {name: count for name, count in found.items() if count} == {
        name: names.count(name) for name in set(names)
    }


def test_there_are_13_and_199_classes_with_names_of_their_own():
    found = census(digraph(np.zeros((2, 2), bool)))
    tetrads = [name for name in found if ":" in name]
    assert len(found) == 13 + 199
    assert len(tetrads) == 199
    assert not any(found.values())
    assert "132:01.02.10.13.23" in found
    for name in tetrads:
        edges = [(int(a), int(b)) for a, b in name.partition(":")[2].split(".")]
        shuffled = [(3 - a, 3 - b) for a, b in edges]
        assert class_name(4, edges) == class_name(4, shuffled) == name


def test_networks_are_counted_side_by_side_without_self_loops():
    wires = random_wires(2, 12, 0.2, (2, 3))
    together = census(digraph(wires))
    clean = wires & ~np.eye(12, dtype=bool)
    assert (clean != wires).any()
    for place in np.ndindex(2, 3):
        alone = census(digraph(clean[place]))
        assert {name: count[place] for name, count in together.items()} == alone


def test_layered_motifs_are_the_same_as_digraph_motifs():
    """Order 3: both count induced copies; 10 classes, 10 of the tetrads."""
    rng = np.random.default_rng(3)
    first, second = rng.random((8, 9)) < 0.3, rng.random((9, 7)) < 0.3
    layered = motifs.induced(motifs.counts(LayeredGraph((first, second)), (3,)))
    wires = np.zeros((24, 24), bool)
    wires[:8, 8:17], wires[8:17, 17:] = first, second
    found = {name: int(count) for name, count in census(digraph(wires), (3,)).items() if count}
    by_name = {}
    for motif in motifs.classes(3):
        by_name[class_name(4, motif.edges)] = int(layered[motif.name].sum())
    assert len(by_name) == 10
    assert found == {name: count for name, count in by_name.items() if count}


def test_an_order_that_is_not_counted():
    for function in (census, digraph_profile):
        with pytest.raises(ValueError, match="orders 2 and 3, not"):
            function(digraph(random_wires(0, 5)), orders=(2, 4))


def test_a_profile_finds_what_was_planted():
    """Feed-forward loops, planted among random edges; stars are made by degrees alone."""
    wires = random_wires(4, 60, 0.02)
    for a, b, c in np.random.default_rng(4).permutation(60).reshape(20, 3):
        wires[[a, a, b], [b, c, c]] = True
    table = digraph_profile(digraph(wires), draws=40, orders=(2,)).set_index("motif")
    assert list(table["order"].unique()) == [2]
    assert table.loc["030T", "z"] > 3
    assert table.loc["030T", "p"] == pytest.approx(2 / 41)
    assert table["profile"].pow(2).sum() == pytest.approx(1)
    assert (table["null"] == "degree").all()
    assert (table["self_loops"] == np.diagonal(wires).sum()).all()
    assert table["overlap"].iloc[0] == pytest.approx(table["overlap_between"].iloc[0], abs=0.05)
    assert (table["q"] >= table["p"]).sum() == table["p"].notna().sum()


def test_what_never_varies_has_no_z():
    """A graph without mutual pairs has none in the draws that keep them."""
    wires = np.triu(random_wires(5, 25, 0.2), 1)
    table = digraph_profile(digraph(wires[None]), draws=10, keep_mutual=True).set_index("motif")
    assert (table["null"] == "degree-mutual").all()
    mutual = [name for name in table.index if name[0] != "0"]
    assert table.loc[mutual, ["count", "expected", "sd"]].eq(0).all(axis=None)
    assert table.loc[mutual, ["z", "p", "q", "profile"]].isna().all(axis=None)
    assert table.loc["030T", "sd"] > 0
    assert table.groupby("order").size().to_dict() == {2: 13, 3: 199}


def test_a_profile_depends_on_seed_number_and_network():
    wires = random_wires(6, 20, 0.15, (2,))
    both = digraph_profile(digraph(wires), draws=5, orders=(2,))
    again = digraph_profile(digraph(wires[:1]), draws=5, orders=(2,))
    other = digraph_profile(digraph(wires[:1]), draws=5, orders=(2,), seed=1)
    pd.testing.assert_frame_equal(both[both["network"] == 0], again)
    assert (other["expected"] != again["expected"]).any()


@pytest.mark.parametrize("keep_mutual", [False, True])
def test_p_is_calibrated_on_random_digraphs(monkeypatch, keep_mutual):
    """Draws of the null are no rarer than p says, even where the chains are too short to mix."""
    wires = random_wires(7, 16, 0.2, (50,))
    monkeypatch.setattr("harness.motifs._census.enough_rounds", lambda *_, **__: Rounds(1, True))
    table = digraph_profile(digraph(wires), draws=19, keep_mutual=keep_mutual, orders=(2,))
    assert table["overlap"].mean() > table["overlap_between"].mean() + 0.05
    for _, one in table.groupby("motif"):
        p = one["p"].dropna()
        if len(p) > 30:
            assert p.le(0.1).mean() <= 0.1 + 4 * np.sqrt(0.1 * 0.9 / len(p))
            assert abs(one["z"].mean()) < 4 * 1.2 / np.sqrt(len(p))


def test_mistakes_in_what_is_profiled():
    with pytest.raises(ValueError, match="take two or more"):
        digraph_profile(digraph(random_wires(0, 5)), draws=1)
    with pytest.raises(ValueError, match=r"\(networks, n, n\)"):
        digraph_profile(digraph(random_wires(0, 5, batch=(1, 1))))


def mushroom_body(side):
    """Projection to Kenyon to output neurons of a larva, as layers of a batch of one network."""
    wires, (number, types) = connectome(side), TYPES[side]
    layers = [np.isin(np.arange(number), list(some)) for some in types]
    return layered_part(digraph(wires[None]), layers), wires.sum()


@pytest.mark.parametrize(
    ("side", "sizes", "edges", "z"),
    [
        ("left", (58, 101, 29), (437, 1570), LEFT_Z),
        ("right", (63, 100, 29), (478, 1434), RIGHT_Z),
    ],
)
def test_the_larval_mushroom_body_as_a_layered_graph(side, sizes, edges, z):
    graph, connections = mushroom_body(side)
    assert [wires.shape for wires in graph.adjacency] == [(1, *sizes[:2]), (1, *sizes[1:])]
    assert tuple(int(wires.sum()) for wires in graph.adjacency) == edges
    assert sum(edges) == connections
    table = motifs.profile(graph, supports=("all",)).query(f"base_layer == {TOTAL}")
    table = table.set_index("motif")
    assert table.loc[list(z), "z"].to_dict() == pytest.approx(z, abs=0.01)
    repeated = LayeredGraph(tuple(np.repeat(wires, 60, 0) for wires in graph.adjacency))
    drawn = motifs.counts(control_draws(repeated, range(60), 0, "drawn"))
    for name in table.index.drop("chain3"):
        sampled = drawn[name].sum(-1)
        error = table.loc[name, "sd"] / np.sqrt(60)
        assert abs(sampled.mean() - table.loc[name, "expected"]) < 4.5 * error


def test_layers_of_a_digraph():
    wires = random_wires(8, 9, 0.5)
    sets = [np.isin(np.arange(9), some) for some in ([4, 0], [1, 2, 8], [5])]
    graph = layered_part(digraph(wires), sets)
    np.testing.assert_array_equal(graph.adjacency[0], wires[np.ix_([0, 4], [1, 2, 8])])
    np.testing.assert_array_equal(graph.adjacency[1], wires[np.ix_([1, 2, 8], [5])])
    with pytest.raises(ValueError, match="two layers of nodes or more"):
        layered_part(digraph(wires), sets[:1])
    with pytest.raises(ValueError, match="a node is in two layers"):
        layered_part(digraph(wires), [sets[0], sets[0]])
