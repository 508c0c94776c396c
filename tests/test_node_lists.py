"""`harness motifs FILE --nodes NODES`: nodes that no edge touches are nodes, and p says so."""

import json
from pathlib import Path

import pytest

from harness import UserError, cli, motif_profiles, network_files
from harness.sparse.graph import edge_counts, node_counts

DATA = Path(__file__).parent / "data" / "mushroom_body"


@pytest.fixture
def rows(capsys, tmp_path, monkeypatch):
    """The rows that `harness motifs --json` prints, by null and motif, and its notes."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(["motifs", *map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert not end.value.code, err
        return {(row["null"], row["motif"]): row for row in json.loads(out)}, err

    return call


def test_the_mushroom_body_with_all_its_kenyon_cells(rows):
    """101 Kenyon cells, 18 of them without such an edge: expected bi-fans are 169,208.9."""
    left = DATA / "left.csv"
    nulls = ("--null", "layered", "--null", "degree", "--support", "all", "--draws", 100)
    found, err = rows(left, "--nodes", DATA / "left_nodes.csv", *nulls)
    assert "--nodes" not in err
    exact = found["layered", "bifan"]
    assert (exact["count"], round(exact["expected"], 1)) == (414_699, 169_208.9)
    assert exact["z"] == pytest.approx(153.3, abs=0.1)
    assert exact["calibrated"]
    assert exact["p"] is not None
    assert exact["q"] is not None
    degree = found["degree", "bifan"]
    assert abs(degree["z"]) < 2
    assert degree["mixed"]
    assert degree["trades"] >= 20
    graph = network_files.read(left, nodes=DATA / "left_nodes.csv").graph
    assert node_counts(graph) == (58, 101, 29)
    assert edge_counts(graph).tolist() == [[437, 1570]]
    assert network_files.read(DATA / "right.csv", nodes=DATA / "right_nodes.csv").graph.every_node


def test_without_a_list_neither_p_nor_q_and_the_reason_everywhere(rows, tmp_path, capsys):
    lines = ["source,target,layer", "a,b,0", "a,c,0", "d,b,0", "b,e,1", "c,e,1", "b,f,1"]
    (tmp_path / "n.csv").write_text("\n".join(lines))
    nulls = ("--null", "layered", "--null", "degree", "--support", "all", "--draws", 20)
    found, err = rows("n.csv", *nulls)
    reason = "nodes without an edge are not in the file"
    for (null, _), row in found.items():
        if null == "layered":
            assert (row["calibrated"], row["uncalibrated"]) == (False, reason)
            assert row["p"] is None
            assert row["q"] is None
        else:  # a node without an edge has no part in it
            assert (row["calibrated"], row["uncalibrated"]) == (True, "")
    assert any(row["z"] is not None for key, row in found.items() if key[0] == "layered")
    assert "not calibrated" in err
    with pytest.raises(SystemExit):
        cli.main(["motifs", "n.csv", "--html", "page.html", *map(str, nulls)])
    told = f"without p and q: null layered, support all: {reason}."
    assert told in capsys.readouterr().out.replace("\n", " ")
    assert told in (tmp_path / "page.html").read_text()
    (tmp_path / "nodes.csv").write_text("node,layer\na,0\nd,0\ng,0\nb,1\nc,1\ne,2\nf,2\n")
    found, err = rows("n.csv", "--nodes", "nodes.csv", "--support", "all")
    assert all(row["calibrated"] and not row["uncalibrated"] for row in found.values())
    assert any(row["p"] is not None for row in found.values())
    assert "not calibrated" not in err


def test_a_node_list_of_a_digraph(tmp_path):
    (tmp_path / "n.csv").write_text("source,target\na,b\nb,a\n")
    (tmp_path / "nodes.csv").write_text("Node,type\nb,x\na,y\nlonely,x\n")
    graph = network_files.read(tmp_path / "n.csv", nodes=tmp_path / "nodes.csv").graph
    assert (len(graph), graph[0].nodes) == (1, 3)
    assert len(graph[0].sources) == 2
    found = motif_profiles.of_files([tmp_path / "n.csv"], nodes=tmp_path / "nodes.csv")
    assert found.table["calibrated"].all()


EDGES = "source,target\na,b\nb,c\n"
LAYERED = "source,target,layer\na,b,0\nb,c,1\n"
NODES = "node,layer\na,0\nb,1\nc,2\n"
FAULTS = {
    "no column": (EDGES, "name\na\n", "It must name the columns node,layer"),
    "empty": (EDGES, "", "has no rows, only blank lines"),
    "no nodes": (EDGES, "node,layer\n", "has no nodes below its first line"),
    "twice": (EDGES, NODES + "c,2\n", "has node 'c' twice in a layer"),
    "gap": (EDGES, NODES + "d,4\n", "has no node in layer 3"),
    "word": (EDGES, NODES + "d,x\n", "line 5: layer 'x' is not a whole number"),
    "short": (EDGES, NODES + "d\n", "line 5 has 1 columns fewer than the first line"),
    "nameless": (EDGES, NODES + ",1\n", "line 5 names no node"),
    "absent": (EDGES, "node,layer\na,0\nb,1\n", "line 3: node 'c' is in no layer of"),
    "in two": (EDGES, NODES + "a,1\n", "line 2: node 'a' is in the layers [0, 1] of"),
    "backwards": (EDGES + "c,b\n", NODES, "line 4: the edge runs from layer 2 to layer 1"),
    "not there": (LAYERED, "node,layer\na,0\nb,1\nd,2\n", "has no node 'c' in layer 2"),
    "no layers": (LAYERED, "node\na\nb\nc\n", "has no column layer"),
    "digraph": (EDGES, "node\na\nb\n", "has no node 'c', but an edge of"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_node_lists_that_are_refused(tmp_path, fault):
    edges, nodes, told = FAULTS[fault]
    (tmp_path / "n.csv").write_text(edges)
    (tmp_path / "nodes.csv").write_text(nodes)
    with pytest.raises(UserError) as error:
        network_files.read(tmp_path / "n.csv", nodes=tmp_path / "nodes.csv")
    assert told in str(error.value)


def test_node_lists_that_are_not_there_or_belong_to_no_edges(tmp_path):
    (tmp_path / "n.csv").write_text(EDGES)
    with pytest.raises(UserError, match="there is no file"):
        network_files.read(tmp_path / "n.csv", nodes=tmp_path / "none.csv")
    (tmp_path / "n.npz").write_bytes(b"x")
    with pytest.raises(UserError, match="is no edge list: give --nodes only"):
        network_files.read(tmp_path / "n.npz", nodes=tmp_path / "n.csv")
