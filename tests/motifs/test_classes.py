"""The enumeration of motif classes, against igraph's isomorphism tests."""

import igraph
import pytest

from harness.motifs import classes, induced_combination

ORDERS = (2, 3, 4)


def graph(motif):
    return igraph.Graph(motif.order + 1, list(motif.edges), directed=True)


@pytest.mark.parametrize(("order", "number"), [(1, 1), (2, 3), (3, 10), (4, 42)])
def test_number_of_classes(order, number):
    assert len(classes(order)) == number


@pytest.mark.parametrize("order", ORDERS)
def test_classes_are_connected_layered_and_pairwise_not_isomorphic(order):
    found = classes(order)
    for index, motif in enumerate(found):
        assert sum(motif.layers) == order + 1
        assert sum(motif.edges_per_layer) == len(motif.edges)
        assert len(motif.edges_per_layer) == motif.span == len(motif.layers) - 1
        layer = [index for index, size in enumerate(motif.layers) for _ in range(size)]
        assert all(layer[b] == layer[a] + 1 for a, b in motif.edges)
        assert graph(motif).is_connected(mode="weak")
        assert not any(graph(motif).isomorphic(graph(other)) for other in found[:index])


@pytest.mark.parametrize("order", ORDERS)
def test_automorphisms(order):
    for motif in classes(order):
        assert motif.automorphisms == graph(motif).count_automorphisms_vf2()


def test_names_are_unique_and_say_the_structure():
    edges = {
        "diverge2": [(0, 1), (0, 2)],
        "converge2": [(0, 2), (1, 2)],
        "chain2": [(0, 1), (1, 2)],
        "diverge3": [(0, 1), (0, 2), (0, 3)],
        "converge3": [(0, 3), (1, 3), (2, 3)],
        "chain3": [(0, 1), (1, 2), (2, 3)],
        "chain_diverge": [(0, 1), (1, 2), (1, 3)],
        "converge_chain": [(0, 2), (1, 2), (2, 3)],
        "bifan": [(0, 2), (0, 3), (1, 2), (1, 3)],
        "biparallel": [(0, 1), (0, 2), (1, 3), (2, 3)],
        "zigzag": [(0, 2), (0, 3), (1, 3)],
        "fork_tail": [(0, 1), (0, 2), (1, 3)],
        "merge_tail": [(0, 1), (1, 3), (2, 3)],
    }
    found = {motif.name: motif for order in (2, 3) for motif in classes(order)}
    assert found.keys() == edges.keys()
    for name, motif in found.items():
        expected = igraph.Graph(motif.order + 1, edges[name], directed=True)
        assert graph(motif).isomorphic(expected), name
    codes = [motif.name for motif in classes(4)]
    assert len(set(codes)) == 42
    assert "1-4:01.02.03.04" in codes


def test_induced_combinations_of_order_3():
    found = {
        motif.name: {class_.name: c for class_, c in induced_combination(motif) if c}
        for motif in classes(3)
    }
    expected = {name: {name: 1} for name in found}
    expected["zigzag"]["bifan"] = -4
    expected["fork_tail"]["biparallel"] = -2
    expected["merge_tail"]["biparallel"] = -2
    assert found == expected


def test_an_order_below_one_is_refused():
    with pytest.raises(ValueError, match="order 1 or more"):
        classes(0)
