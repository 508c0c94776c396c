"""Edge lists as people publish them: the same edges out of every dialect, nothing guessed."""

import gzip
import json

import numpy as np
import pytest

from harness import UserError, cli, network_files
from harness.network_files import Choices
from harness.sparse.graph import edge_counts, node_counts


def read(tmp_path, text, name="n.csv", *, threshold=0.0, nodes=None, **choices):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return network_files.read(path, threshold=threshold, nodes=nodes, choices=Choices(**choices))


def named(wiring):
    """The edges of a digraph by the names of their ends."""
    (nodes,) = wiring.nodes
    return {(nodes[a], nodes[b]) for a, b in np.argwhere(wiring.graph[0].dense())}


TRIANGLE = {("a", "b"), ("b", "c"), ("a", "c")}
DIALECTS = {
    "commas": "source,target,weight\na,b,1\nb,c,1\na,c,1\n",
    "tabs": "source\ttarget\tweight\na\tb\t1\nb\tc\t1\na\tc\t1\n",
    "semicolons": "source;target;weight\na;b;0,5\nb;c;1,5\na;c;1\n",
    "spaces": "source  target weight\na b    1\nb c 1\na   c 1\n",
    "bars": "source|target\na|b\nb|c\na|c",
    "from to": "From,To\na,b\nb,c\na,c\n",
    "pre post": "pre,post,synapses\na,b,1\nb,c,1\na,c,1\n",
    "root ids": "pre_root_id,post_root_id,syn_count\na,b,1\nb,c,1\na,c,1\n",
    "bodies": 'bodyId_pre,bodyId_post,"weight"\na,b,1\nb,c,1\na,c,1\n',
    "comment above": "# made today\nsource,target\na,b\nb,c\na,c\n",
    "comment within": "source,target\na,b\n% more\nb,c\n// end\na,c\n",
    "header in a comment": "# to from\n b a\nc b\nc a\n",
    "no header": "a b\nb c\na c\n",
    "no header, weights": "a\tb\t2\nb\tc\t2\na\tc\t1\n",
    "no weight in a line": "source,target,weight\na,b,\nb,c,1\na,c,1\n",
    "columns of mac": "source,target\ra,b\rb,c\ra,c\r",
    "quoted": '"source","target"\n"a","b"\n"b","c"\n"a","c"\n',
    "networkx": "a b {}\nb c {}\na c {}\n",
    "networkx, weights": "a b {'weight': 2.0, 'x': 1}\nb c {'weight': 2}\na c {'weight': 1}\n",
    "utf-16": "source\ttarget\na\tb\nb\tc\na\tc\n".encode("utf-16"),
    "byte order mark": "source,target\na,b\nb,c\na,c\n".encode("utf-8-sig"),
    "trailing commas": "source,target,,\na,b,,\nb,c,,\na,c,,\n",
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("suffix", ["csv", "edgelist.gz"])
def test_every_dialect_gives_the_same_edges(tmp_path, dialect, suffix):
    text = DIALECTS[dialect]
    text = text if isinstance(text, bytes) else text.encode()
    packed = gzip.compress(text) if suffix.endswith("gz") else text
    assert named(read(tmp_path, packed, f"n.{suffix}")) == TRIANGLE


def test_ids_of_64_bits_stay_exact(tmp_path):
    first = 720575940620000001
    text = f"pre_root_id,post_root_id,syn_count\n{first},{first + 1},3\n{first + 1},{first + 2},1\n"
    found = read(tmp_path, text)
    assert found.nodes == (tuple(str(first + n) for n in range(3)),)
    assert found.notes[:2] == (
        "edges run from 'pre_root_id' to 'post_root_id'",
        "'syn_count' is the weight",
    )


def test_columns_by_name_and_by_number(tmp_path):
    text = "Cell A,Cell B,Type,Times\na,b,S,2\nb,c,R,1\n"
    with pytest.raises(UserError, match="It must name the columns source,target"):
        read(tmp_path, text)
    for columns in (("Cell A", "cell b", "times"), ("1", "2", "4")):
        assert named(read(tmp_path, text, columns=columns, threshold=1.0)) == {("a", "b")}
    assert named(read(tmp_path, "a pp b\nb pp c\n", columns=("1", "3"))) == {("a", "b"), ("b", "c")}
    for columns, message in (
        (("1", "x"), "has no column 'x' for --columns"),
        (("1",), "must name two or three columns"),
        (("1", "1"), "must name two or three columns"),
    ):
        with pytest.raises(UserError, match=message):
            read(tmp_path, text, columns=columns)


def test_a_first_line_that_may_be_a_header_is_not_guessed(tmp_path):
    text = "neuron,partner\na,b\nb,c\n"
    with pytest.raises(UserError, match="--columns neuron,partner for a header, or --columns 1,2"):
        read(tmp_path, text)
    assert len(named(read(tmp_path, text, columns=("neuron", "partner")))) == 2
    assert len(named(read(tmp_path, text, columns=("1", "2")))) == 3


def test_rows_are_kept_by_value(tmp_path):
    text = "source,target,type,side\na,b,chem,L\nb,c,elec,L\na,c,gap,R\n"
    assert named(read(tmp_path, text, where=("type=chem",))) == {("a", "b")}
    assert len(named(read(tmp_path, text, where=("type=chem", "Type=elec")))) == 2
    assert named(read(tmp_path, text, where=("type=chem", "type=gap", "side=R"))) == {("a", "c")}
    for where, message in (
        ("type=x", "no row as --where asks. The column has: 'chem', 'elec', 'gap'"),
        ("kind=chem", "has no column 'kind' for --where"),
        ("type", "has no '='"),
    ):
        with pytest.raises(UserError, match=message):
            read(tmp_path, text, where=(where,))


def test_repeated_edges_are_merged_before_the_threshold(tmp_path):
    text = "Source,Target,Weight,Type\na,b,3,chem\nb,c,2,chem\na,c,1,chem\na,b,2,elec\nb,c,2,elec\n"
    found = read(tmp_path, text, threshold=4.0)
    assert named(found) == {("a", "b")}
    note = "2 lines repeated an edge: merged, weights added before the threshold"
    assert note in found.notes
    layered = read(
        tmp_path, "source,target,layer,weight\na,b,0,1\na,b,0,1\nc,b,0,1\n", threshold=1.0
    )
    assert edge_counts(layered.graph).tolist() == [[1]]
    assert node_counts(layered.graph) == (2, 1)
    assert "1 repeated edge merged, weights added before the threshold" in layered.notes


def test_self_loops_and_mutual_edges_are_noted(tmp_path):
    found = read(tmp_path, "source,target\na,b\nb,c\na,c\na,a\n")
    assert named(found) == TRIANGLE
    assert "1 self-loop left out" in found.notes
    assert any("no edge is mutual" in note for note in found.notes)
    found = read(tmp_path, "source,target\na,b\nb,a\n")
    assert any("all edges are mutual" in note for note in found.notes)
    found = read(tmp_path, "source,target\na,b\nb,a\na,c\n")
    assert not any("mutual" in note for note in found.notes)
    with pytest.raises(UserError, match="or edges are self-loops"):
        read(tmp_path, "source,target\na,a\n")


def test_undirected_edges_run_both_ways_and_stay_mutual_in_draws(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ring = "\n".join(f"n{n},n{(n + step) % 12}" for n in range(12) for step in (1, 2))
    (tmp_path / "n.csv").write_text(f"source,target\n{ring}\n")
    with pytest.raises(SystemExit) as end:
        cli.main(["motifs", "n.csv", "--undirected", "--order", "2", "--draws", "3", "--json"])
    out, err = capsys.readouterr()
    assert not end.value.code
    assert {row["null"] for row in json.loads(out)} == {"degree-mutual"}
    assert "undirected: each edge runs both ways" in err
    with pytest.raises(UserError, match="--undirected is for digraphs"):
        read(tmp_path, "source,target,layer\na,b,0\n", undirected=True)


def test_a_list_of_nodes_in_another_dialect(tmp_path):
    (tmp_path / "nodes.tsv").write_text("# all\nroot_id\ttype\na\tx\nb\ty\nc\tz\nlonely\tz\n")
    found = read(tmp_path, DIALECTS["commas"], nodes=tmp_path / "nodes.tsv")
    assert found.nodes == (("a", "b", "c", "lonely"),)
    assert named(found) == TRIANGLE
    assert not any("--nodes" in note for note in found.notes)


REFUSED = {
    "one column": ("a\nb\n", "has one column in its first line"),
    "third column of words": ("a b x\nb c y\n", "third column, with 'x', is no weight"),
    "two pairs": ("source,target,pre,post\na,b,c,d\n", "several fit (source/target, pre/post)"),
    "two weights": ("source,target,count,value\na,b,1,2\n", "several fit (source/target, value"),
    "only comments": ("# a\n# b\n", "has no rows, only blank lines or comments"),
    "ragged": ("a b\nb c 2\n", "line 2 has 1 columns more than the first line"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_edge_lists_that_are_refused(tmp_path, fault):
    text, message = REFUSED[fault]
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert message in str(error.value)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path):
    with pytest.raises(UserError, match="unpack to"):
        read(tmp_path, gzip.compress(b"source,target\n" + b"a,b\n" * 2**23), "n.csv.gz")
