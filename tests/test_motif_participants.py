"""`harness motifs` beyond profiles: the answer first, who takes part, and tables for papers."""

import csv
import io
import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from harness import LayeredGraph, cli, motifs, network_files
from harness.motif_profiles import Asked, Profiles, of_files
from harness.motif_profiles._effects import short_names
from harness.motif_profiles._headlines import headlines
from harness.motif_profiles._ratios import with_ratios
from harness.motifs._digraph_classes import TRIAD_NAMES

EDGES = """source,target,layer
in1,"mid_1",0
in1,mid2,0
in2,mid_1,0
in2,mid2,0
in3,mid2,0
mid_1,out,1
mid2,out,1
mid2,[red]x,1
"""


@pytest.fixture
def harness(capsys, tmp_path, monkeypatch):
    """Call `harness motifs` beside `layers.csv`: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layers.csv").write_text(EDGES)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(["motifs", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return end.value.code or 0, out, err

    return call


def test_bifans_through_nodes_and_edges_have_the_names_of_the_file(harness):
    nodes = json.loads(harness("layers.csv", "--participation", "nodes", "--json")[1])
    found = {(row["layer"], row["node"]): row["count"] for row in nodes if row["motif"] == "bifan"}
    assert found == {
        **{(0, "in1"): 1, (0, "in2"): 1, (0, "in3"): 0},
        **{(1, "mid_1"): 1, (1, "mid2"): 1, (2, "out"): 0, (2, "[red]x"): 0},
    }
    edges = json.loads(harness("layers.csv", "--participation", "edges", "--json")[1])
    found = {
        (row["source"], row["target"]) for row in edges if row["motif"] == "bifan" and row["count"]
    }
    assert found == set(product(("in1", "in2"), ("mid_1", "mid2")))
    assert len(edges) == 13 * 8, "one row for each class and edge"


@pytest.mark.parametrize("part", ["nodes", "edges"])
def test_counts_and_means_are_those_of_the_engine(harness, tmp_path, part):
    rng = np.random.default_rng(0)
    wires = [rng.random((2, 5, 6)) < 0.5, rng.random((2, 6, 4)) < 0.5]
    np.savez(tmp_path / "w.npz", *wires)
    _, out, _ = harness("w.npz", "--ensemble", "--participation", part, "--order", 3, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    for network in range(2):
        graph = LayeredGraph(tuple(layer[network] for layer in wires))
        for name, known in motifs.participation(graph, (3,)).items():
            mine = [r for r in rows if (r["network"], r["motif"]) == (str(network), name)]
            counts, means = getattr(known, part), getattr(known, f"expected_by_{part[:-1]}")
            if part == "nodes":
                right = [
                    (f"{layer}:{n}", count, means[layer])
                    for layer, of in enumerate(counts)
                    for n, count in enumerate(of)
                ]
                own = [(r["node"], int(r["count"]), float(r["expected"])) for r in mine]
            else:
                right = [
                    (f"{layer}:{a}", f"{layer + 1}:{b}", counts[layer][a, b], means[layer])
                    for layer, of in enumerate(graph.adjacency)
                    for a, b in np.argwhere(of)
                ]
                own = [
                    (r["source"], r["target"], int(r["count"]), float(r["expected"])) for r in mine
                ]
            assert own == right
            for row in mine:
                count, mean = int(row["count"]), float(row["expected"])
                ratio = f"{np.log2(count / mean):.9f}" if count and mean else ""
                assert (row["log2_ratio"] and f"{float(row['log2_ratio']):.9f}") == ratio


def test_nodes_under_degree_have_a_z(harness, tmp_path):
    rng = np.random.default_rng(0)
    wires = [rng.random((2, 7, 9)) < 0.4, rng.random((2, 9, 6)) < 0.4]
    np.savez(tmp_path / "w.npz", *wires)
    command = ("w.npz", "--ensemble", "--participation", "nodes", "--null", "degree", "--order", 3)
    rows = json.loads(harness(*command, "--draws", 40, "--seed", 3, "--json")[1])
    for network in range(2):
        graph = LayeredGraph(tuple(layer[network] for layer in wires))
        right, trades = motifs.degree_participation(graph, (3,), number=40, seed=(3, network))
        assert trades.mixed
        for name, known in right.items():
            mine = [row for row in rows if (row["network"], row["motif"]) == (network, name)]
            assert [row["count"] for row in mine] == known.count.tolist()
            for column in ("expected", "sd", "z"):
                values = [None if np.isnan(v) else v for v in getattr(known, column)]
                assert [row[column] for row in mine] == values
            assert {row["null"] for row in mine} == {"degree"}
            assert [row["layer"] for row in mine] == [0] * 7 + [1] * 9 + [2] * 6
    out = harness(*command, "--draws", 40, "--seed", 3)[1]
    best = max((row for row in rows if row["z"] is not None), key=lambda row: row["z"])
    assert out.startswith(f"The largest z is that of {best['motif']} through node {best['node']} ")
    assert "10 of 44, largest z first" in out
    assert "some |z| above 3 are chance" in out


def test_the_terminal_shows_ten_of_each_class_highest_ratio_first(harness, tmp_path):
    wires = np.random.default_rng(1).random((20, 30)) < np.linspace(0.1, 0.9, 20)[:, None]
    np.savez(tmp_path / "w.npz", wires)
    command = ("w.npz", "--layout", "in-out", "--participation", "nodes", "--order", 2)
    code, out, _ = harness(*command)
    assert code == 0
    assert out.splitlines()[0].startswith("The largest excess is that of diverge2 through node 0:")
    assert "diverge2 a->b,c: 10 of 50, largest ratio first (--all shows all)" in out
    assert "chain2" not in out, "no copies"
    block = out.split("diverge2 a->b,c: ")[1].split("converge2 a,b->c: ")[0]
    rows = [line.split() for line in block.splitlines() if line.split()[1:2] and ":" in line]
    ratios = [float(row[-1]) for row in rows]
    assert len(ratios) == 10
    assert ratios == sorted(ratios, reverse=True)
    assert "sd from 50 draws (10 for edges)" in out
    assert "diverge2 a->b,c: 50 of 50\n" in harness(*command, "--all")[1]


def test_edges_of_layered_networks_have_z(harness, tmp_path):
    rng = np.random.default_rng(2)
    np.savez(tmp_path / "w.npz", rng.random((8, 9)) < 0.4, rng.random((9, 7)) < 0.4)
    command = ("w.npz", "--layout", "in-out", "--participation", "edges", "--order", 2, "--seed", 3)
    rows = json.loads(harness(*command, "--json")[1])
    of_chains = [row for row in rows if row["motif"] == "chain2"]
    layers = network_files.read(tmp_path / "w.npz", "in-out").graph.adjacency
    spread = motifs.layered_spread(
        LayeredGraph(tuple(layer[0] for layer in layers)), (2,), number=10, seed=(3, 0), edges=True
    )
    for row in of_chains:
        assert row["sd"] == spread["chain2"][row["layer"]]
        assert row["z"] == pytest.approx((row["count"] - row["expected"]) / row["sd"])
    assert len({row["layer"] for row in of_chains}) == 2


def test_names_with_markup_are_printed_as_they_are(harness):
    assert "[red]x" in harness("layers.csv", "--participation", "nodes")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("flat.csv", "--order", 3), "'flat.csv' is a digraph: --participation counts its triads"),
        (("layers.csv", "--null", "independent"), "takes one --null: layered, the default, or"),
        (("layers.csv", "--null", "degree", "--null", "layered"), "takes one --null"),
        (("layers.csv", "--null", "degree", "--participation", "edges"), "for nodes, degree"),
        (("layers.csv", "--draws", "9"), "--draws is for profiles"),
        (("layers.csv", "--html", "x.html"), "--html is for profiles"),
        (("layers.csv", "--latex", "x.tex"), "--latex is for profiles"),
        (("layers.csv", "--by-layer"), "--by-layer is for profiles"),
        (("layers.csv", "--support", "live"), "--support is for profiles"),
    ],
)
def test_refusals_of_participation(harness, tmp_path, arguments, message):
    (tmp_path / "flat.csv").write_text("source,target\na,b\nb,c\nc,a\n")
    part = () if "--participation" in arguments else ("--participation", "nodes")
    code, out, err = harness(*arguments, *part)
    assert (code, out) == (2, "")
    assert message in err


def test_a_table_for_latex(harness, tmp_path):
    assert harness("layers.csv", "--latex", "t.tex", "--support", "all", "--json")[0] == 0
    lines = (tmp_path / "t.tex").read_text().splitlines()
    rows = [line for line in lines if line.startswith("fork\\_tail & a$\\to$b,c;b$\\to$d & ")]
    assert len(rows) == 1
    assert rows[0].endswith(r" \\")
    for word in ("toprule", "midrule", "bottomrule"):
        assert lines.count(f"\\{word}") == 1
    assert all(line.count(" & ") == 6 for line in lines if line.endswith(r" \\"))


def test_latex_reads_no_command_in_names_and_numbers():
    from harness.motif_profiles._export import _tex

    assert _tex(r"a_b & 5% \{x}") == r"a\_b \& 5\% \textbackslash{}\{x\}"
    assert _tex("-1.5 ± 0.2 (n=3)") == r"$-$1.5 $\pm$ 0.2 (n=3)"
    assert _tex("a<->b;b->c") == r"a$\leftrightarrow$b;b$\to$c"


def profiles(tmp_path, **columns):
    """The profile of a file, some of its columns replaced for the classes named."""
    (tmp_path / "layers.csv").write_text(EDGES)
    (tmp_path / "nodes.csv").write_text(
        "node,layer\nin1,0\nin2,0\nin3,0\nmid_1,1\nmid2,1\nout,2\n[red]x,2\n"
    )
    found = of_files(
        [tmp_path / "layers.csv"], nodes=tmp_path / "nodes.csv", asked=Asked(supports=("all",))
    )
    table = found.table.assign(q=1.0)
    for name, values in columns.items():
        for motif, value in values.items():
            table.loc[table["motif"] == motif, name] = value
    return Profiles(found.wirings, table, found.notes)


def test_the_headline_names_what_differs(tmp_path):
    (none,) = headlines(profiles(tmp_path))
    assert "none of 11 classes differs from the null (q ≤ 0.05)" in none
    assert "(random networks with as many edges between each two layers; exact, no draws)" in none
    changes = {
        "q": {"bifan": 0.01, "chain2": 0.05, "zigzag": 0.04, "diverge2": 0.06, "fork_tail": 0.01},
        "count": {"bifan": 100, "chain2": 200, "zigzag": 1, "diverge2": 10**6, "fork_tail": 3},
        "expected": {"bifan": 40.0, "chain2": 199.0, "zigzag": 4.0, "fork_tail": 4.0},
        "z": {"bifan": 3.0, "chain2": 20.0, "zigzag": -2.0, "diverge2": 50.0, "fork_tail": -5.0},
        "null_low": {"bifan": 0.35, "zigzag": 0.3},
        "null_high": {"bifan": 1.65, "zigzag": 1.7},
    }
    (some,) = headlines(profiles(tmp_path, **changes))
    over = "bifan (2.50 times the expected copies, the null's 95 % 0.35 to 1.65, z +3.0)"
    under = "zigzag (0.250 times the expected copies, the null's 95 % 0.30 to 1.70, z −2.0)"
    assert f"2 over-represented, most {over}" in some, "the largest ratio, not the largest z"
    assert f"2 under-represented, most {under}" in some
    (uncalibrated,) = headlines(_uncalibrated(profiles(tmp_path, **changes)))
    assert "not calibrated, so no class is called over- or under-represented" in uncalibrated
    assert "furthest outside the null's 95 % is diverge2" in uncalibrated


def test_a_class_that_is_not_expected_at_all_is_named_last(tmp_path):
    changes = {
        "q": {"bifan": 0.01, "chain2": 0.01},
        "count": {"bifan": 1, "chain2": 200},
        "expected": {"bifan": 0.0, "chain2": 100.0},
    }
    (line,) = headlines(profiles(tmp_path, **changes))
    assert "2 over-represented, most chain2 (2 times" in line
    del changes["q"]["chain2"]
    (line,) = headlines(profiles(tmp_path, **changes))
    assert "1 over-represented, most bifan (none expected" in line


def test_too_few_draws_do_not_say_that_nothing_differs(tmp_path):
    found = profiles(tmp_path)
    few = found.table.assign(null="degree", draws=30, effective=30.0, q=0.4, p=2 / 31, z=1.0)
    few.loc[few["motif"] == "bifan", ["z", "count"]] = -40.0, 100
    (line,) = headlines(Profiles(found.wirings, few, found.notes))
    assert "outputs; 30 draws): 30 draws are too few to name a class (smallest q 0.4)" in line
    assert "furthest outside the null's 95 % is bifan" in line
    assert "z −40.0); give more --draws." in line
    (line,) = headlines(Profiles(found.wirings, few.assign(p=0.3), found.notes))
    assert "none of 11 classes differs" in line


def test_files_are_named_without_folders_unless_two_have_one_name():
    assert short_names(["a/x.csv", "b/y.csv"]) == {"a/x.csv": "x.csv", "b/y.csv": "y.csv"}
    assert short_names(["a/x.csv", "b/x.csv"])["b/x.csv"] == "b/x.csv"


def test_ratios_say_what_random_networks_have(tmp_path):
    table = profiles(tmp_path).table.set_index("motif")
    row = table.loc["bifan"]
    assert row["ratio"] == pytest.approx(row["count"] / row["expected"])
    ends = row["expected"] + 1.96 * row["sd"] * np.array([-1, 1])
    assert row["null_low"] == max(0, ends[0])
    assert row["null_high"] == pytest.approx(ends[1] / row["expected"], rel=1e-4)
    assert set(table["expected_error"]) == {0.0}, "exact"
    few = pd.DataFrame(
        {
            "count": [3.0, 2.0, 0.0, 5.0],
            "expected": [4.0, 0.0, 0.0, 5.0],
            "sd": [1.0, 0.0, 0.0, 2.0],
            "z": [-1.0, np.nan, np.nan, np.nan],
            "effective": 25.0,
            "draws": 100,
        }
    )
    found = with_ratios(few)
    assert found["ratio"].tolist()[:2] == [0.75, np.inf]
    assert np.isnan(found["ratio"][2])
    assert found["null_low"][0] == pytest.approx(1 - 1.96 / 4, rel=1e-4)
    assert found["expected_error"][0] == pytest.approx(1.96 / 4 / 5, rel=1e-4)
    assert found[["null_low", "null_high"]].loc[1:].isna().all(axis=None), "no z, no range"


def _uncalibrated(found):
    return Profiles(found.wirings, found.table.assign(calibrated=False, q=np.nan), found.notes)


def test_the_largest_difference_comes_first(harness, tmp_path):
    rng = np.random.default_rng(0)
    first = rng.random((9, 12)) < np.where(np.arange(9) < 3, 0.8, 0.1)[:, None]
    np.savez(tmp_path / "w.npz", first, rng.random((12, 7)) < 0.4)
    command = ("w.npz", "--support", "all", "--order", 2, "--order", 3)
    rows = json.loads(harness(*command, "--json")[1])

    def rank(motif):
        (row,) = (row for row in rows if row["motif"] == motif)
        differs = row["q"] is not None and row["q"] <= 0.05
        return not differs, 1 if row["ratio"] is None else -abs(np.log(row["ratio"]))

    known = [row["motif"] for row in rows]
    strength = sorted(known, key=rank)
    assert {rank(motif)[0] for motif in known} == {True, False}
    for more, number in ((), 10), (("--all",), 13):
        lines = [line.split() for line in harness(*command, *more)[1].splitlines()]
        shown = [line[0] for line in lines if line and line[0] in known]
        assert shown == strength[:number]


def test_the_answer_comes_first(harness):
    first = harness("layers.csv", "--support", "all")[1].splitlines()[0]
    assert first.startswith("layers.csv, null layered (random networks with as many edges")
    assert "): not calibrated, so no class is called" in first


def test_instances_of_a_class_are_listed_by_name(harness):
    code, out, err = harness("layers.csv", "--instances", "bifan", "--json")
    assert code == 0
    (row,) = json.loads(out)
    assert (row["motif"], row["base_layer"], row["network"]) == ("bifan", 0, 0)
    assert ({row["a"], row["b"]}, {row["c"], row["d"]}) == ({"in1", "in2"}, {"mid_1", "mid2"})
    assert "there are more" not in err
    _, out, err = harness("layers.csv", "--instances", "chain2:3", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len({tuple(row.values()) for row in rows}) == 3
    edges = {tuple(line.replace('"', "").split(",")[:2]) for line in EDGES.splitlines()}
    assert {(row["a"], row["b"]) for row in rows} | {(row["b"], row["c"]) for row in rows} <= edges
    assert "there are more than 3 copies of chain2" in err
    (*_, last) = json.loads(harness("layers.csv", "--instances", "diverge2", "--json")[1])
    assert (last["base_layer"], last["a"], {last["b"], last["c"]}) == (1, "mid2", {"out", "[red]x"})
    out = harness("layers.csv", "--instances", "chain2")[1]
    assert out.startswith("chain2 a->b->c: 8 copies\n")
    assert "[red]x" in out


def test_instances_in_a_digraph_are_induced(harness, tmp_path):
    (tmp_path / "flat.csv").write_text("source,target\na,b\nb,a\nb,:x:\n:x:,a\n:x:,d\na,d\n")
    out = harness("flat.csv", "--instances", "120C")[1]
    assert out.startswith("120C a<->c;a->b->c: 1 copy\n")
    (line,) = [line for line in out.splitlines() if sorted(line.split()) == [":x:", "a", "b"]]
    assert line.split() in ([["a", ":x:", "b"], ["b", ":x:", "a"]])
    rows = json.loads(harness("flat.csv", "--instances", "132:01.02.10.13.23:5", "--json")[1])
    assert rows == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("layers.csv", "--instances", ""), "layered networks have no class ''"),
        (("layers.csv", "--instances", "030T"), "layered networks have no class '030T'"),
        (("flat.csv", "--instances", "bifan"), "digraphs have no class 'bifan'. Give one of 021C"),
        (("layers.csv", "--instances", "bifan:0"), "no number from 1. Give bifan:20"),
        (("layers.csv", "--instances", "bifan:x"), "--instances bifan:x has no number"),
        (("layers.csv", "--instances", "bifan", "--order", "2"), "--order is for profiles"),
        (("layers.csv", "--instances", "bifan", "--participation", "nodes"), "exclude each other"),
    ],
)
def test_refusals_of_instances(harness, tmp_path, arguments, message):
    (tmp_path / "flat.csv").write_text("source,target\na,b\nb,c\nc,a\n")
    code, out, err = harness(*arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_instances_of_several_networks_say_which(harness, tmp_path):
    np.savez(tmp_path / "w.npz", np.ones((2, 3, 2), bool))
    out = harness("w.npz", "--ensemble", "--layout", "in-out", "--instances", "bifan")[1]
    assert out.startswith("bifan a,b->c,d: 6 copies\n")
    rows = [line.split() for line in out.splitlines() if line.split()[-1:] == ["1:1"]]
    assert [row[0] for row in rows] == ["0"] * 3 + ["1"] * 3


def test_nodes_and_edges_of_a_digraph_are_named_beside_draws_of_their_degrees(harness, tmp_path):
    rng = np.random.default_rng(0)
    pairs = {(int(a), int(b)) for a, b in rng.integers(0, 30, (120, 2)) if a != b}
    lines = ["source,target", *(f"n{a},n{b}" for a, b in sorted(pairs))]
    (tmp_path / "flat.csv").write_text("\n".join(lines))
    command = ("flat.csv", "--participation")
    rows = json.loads(harness(*command, "nodes", "--json")[1])
    digraph = network_files.read(tmp_path / "flat.csv").graph[0]
    through = motifs.triad_participation(digraph).nodes
    names = network_files.read(tmp_path / "flat.csv").nodes[0]
    for row in rows:
        triad = TRIAD_NAMES.index(row["motif"])
        assert row["count"] == through[triad, names.index(row["node"])]
        assert (row["null"], row["layer"], row["order"]) == ("degree", 0, 2)
    edges = json.loads(harness(*command, "edges", "--json")[1])
    assert {(row["source"], row["target"]) for row in edges} == {
        (f"n{a}", f"n{b}") for a, b in pairs
    }
    out = harness(*command, "nodes")[1]
    assert "Induced triads of all nodes of the file" in out
    assert out.startswith("The largest z is that of ")
