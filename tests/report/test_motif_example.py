"""The network that pages draw, beside the masks and counts of the run it is from."""

import numpy as np
import pytest
from harness_plugins.metrics import _motifs_example as example
from harness_plugins.metrics import _motifs_sections, _motifs_wiring

from harness import layered, motifs
from harness.report import Report, collect

DENSITY = 0.02


def counted(run):
    """The run, with the copies that its masks hold in the table of motifs."""
    masks = run.masks("c0", 1)
    counts = motifs.counts(layered([*masks.values()]))

    def change(table):
        here = (table["level"] == 1) & (table["support"] == "all") & (table["base_layer"] == -1)
        own = [
            counts[motif][network].sum()
            for motif, network in table.loc[here, ["motif", "network"]].itertuples(index=False)
        ]
        table.loc[here, "count"] = own
        return table

    run.edit("motifs", change)
    return run


@pytest.fixture(scope="module")
def run(fake_run_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    return counted(fake_run_in(folder, networks=3, densities=(1.0, DENSITY)))


@pytest.fixture(scope="module")
def report(run):
    return Report(collect([run]))


@pytest.fixture(scope="module")
def graphs(report):
    return example.wirings(report, example.example_of(report))


def test_the_example_has_the_median_z_of_the_class_that_departs_most(run, report):
    one = example.example_of(report)
    table = run.table("motifs").query("support == 'all' and base_layer == -1 and level == 1")
    means = table.groupby("motif")["z"].mean()
    assert one.motif == means.abs().idxmax()
    z = table[table["motif"] == one.motif].set_index("network")["z"]
    assert z[one.identity[-1]] == z.median()
    assert set(one.rows["network"]) == {one.identity[-1]}
    assert set(one.rows["level"]) == {one.level} == {1}


def test_the_random_network_has_every_degree_of_the_pruned_one(run, report, graphs):
    number = example.example_of(report).identity[-1]
    masks = [mask[number] for mask in run.masks("c0", 1).values()]
    pairs = zip(graphs[example.PRUNED].adjacency, graphs[example.RANDOM].adjacency, strict=True)
    for mask, (own, drawn) in zip(masks, pairs, strict=True):
        np.testing.assert_array_equal(own, mask.T)
        np.testing.assert_array_equal(own.sum(0), drawn.sum(0))
        np.testing.assert_array_equal(own.sum(1), drawn.sum(1))
        assert own.size < 1000 or (own != drawn).any()


def test_edges_drawn_are_edges_of_the_networks_and_few(graphs):
    nodes = _motifs_wiring.chosen(graphs)
    table = _motifs_wiring.edges(graphs, nodes)
    assert 800 < len(table) <= _motifs_wiring.MOST_EDGES
    for name, graph in graphs.items():
        reached = [np.ones(10, bool)]
        for wires in graph.adjacency:
            reached.append(reached[-1] @ wires)
        leads = [np.ones(7, bool)]
        for wires in reversed(graph.adjacency):
            leads.append(wires @ leads[-1])
        leads.reverse()
        own = table[table["network"] == name]
        for layer, part in own.groupby("layer"):
            wires = graph.adjacency[layer]
            assert wires[part["source"], part["target"]].all()
            assert len(part) == wires[np.ix_(nodes[layer], nodes[layer + 1])].sum()
            acts = reached[layer][part["source"]] & leads[layer + 1][part["target"]]
            np.testing.assert_array_equal(part["live"], acts)
    assert table["live"].nunique() == 2


def test_a_picture_with_room_has_all_edges_and_so_equal_degrees(graphs, monkeypatch):
    monkeypatch.setattr(_motifs_wiring, "MOST_EDGES", 10**6)
    nodes = _motifs_wiring.chosen(graphs)
    table = _motifs_wiring.edges(graphs, nodes)
    for ends in ("source", "target"):
        degrees = table.groupby(["network", "layer", ends]).size().unstack("network")
        assert (degrees[example.PRUNED] == degrees[example.RANDOM]).all()
    # Sorted: the first node of a layer has the most edges and stands at the top.
    first = table[(table["network"] == example.PRUNED) & (table["layer"] == 1)]
    both = first["source"].value_counts()
    into = table[(table["network"] == example.PRUNED) & (table["layer"] == 0)]
    both = both.add(into["target"].value_counts(), fill_value=0)
    assert both[nodes[1][0]] == both.max()
    assert (first.loc[first["source"] == nodes[1][0], "from"] == 0).all()


@pytest.mark.slow
def test_the_page_shows_it_with_what_it_is(report):
    (figure,) = _motifs_wiring.figures(report)
    assert figure.title == "One network at 98\u00a0% pruned, beside a random one with its degrees"
    assert "n\u00a0=\u00a01: network" in figure.caption
    assert "null `degree`" in figure.caption
    assert "of 10-400-400-400-16-7 nodes" in figure.caption
    assert len(figure.data) <= _motifs_wiring.MOST_EDGES
    names = [part.name for one in _motifs_sections.sections(report) for part in one.parts
             if hasattr(part, "chart")]  # fmt: skip
    assert "example_wiring" in names


def test_masks_that_are_not_the_measured_graph_are_not_drawn(fake_run):
    """As those of a recurrent network, whose shapes fit one another as layers do."""
    report = Report(collect([fake_run(networks=3, densities=(1.0, DENSITY))]))
    assert example.example_of(report) is not None
    assert _motifs_wiring.figures(report) == []
