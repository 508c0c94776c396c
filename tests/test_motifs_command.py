"""`harness motifs`: what it prints, for people and for programs, and what it refuses."""

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harness import Digraph, LayeredGraph, cli, motifs
from harness.tables.parts import fixed, numbers

FIELDS = {
    *("file", "network", "motif", "order", "null", "support", "count", "induced", "expected"),
    *("sd", "z", "log2_ratio", "p", "p_method"),
}


@pytest.fixture
def harness(capsys, tmp_path, monkeypatch):
    """Call `harness motifs` in an empty folder: exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(["motifs", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return end.value.code or 0, out, err

    return call


def wide(monkeypatch, columns):
    from harness.cli import terminal

    monkeypatch.setattr(terminal.console, "_width", columns)


def masks(networks=2, seed=0, sizes=(9, 12, 10, 6)):
    chance = np.random.default_rng(seed)
    return [chance.random((networks, a, b)) < 0.3 for a, b in pairwise(sizes)]


@pytest.fixture
def a(tmp_path):
    np.savez(tmp_path / "a.npz", *masks())
    return Path("a.npz")


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


def objects(out):
    return json.loads(out, parse_constant=refuse_constant)


def test_json_is_the_profile(harness, a):
    code, out, err = harness(a, "--json")
    assert code == 0
    assert "three axes were read as 2 networks; for channels: --channels" in err
    found = objects(out)
    expected = motifs.profile(LayeredGraph(tuple(masks())))
    expected = expected[expected["base_layer"] == motifs.TOTAL]
    assert len(found) == len(expected) == 2 * 2 * 13
    for row, (_, right) in zip(found, expected.iterrows(), strict=True):
        assert set(row) >= FIELDS
        assert row["file"] == "a.npz"
        for name in ("network", "motif", "order", "null", "support", "count", "induced"):
            assert row[name] == right[name]
            assert not isinstance(row[name], float)
        for name in ("expected", "sd", "z", "log2_ratio", "q", "p"):
            value = right[{"p": "p_normal", "q": "q_normal"}.get(name, name)]
            assert row[name] == (None if np.isnan(value) else value)
        assert row["p_method"] == "normal"
        assert row["layout"] == "in-out"
        assert row["calibrated"] is (row["support"] == "all")


def test_undefined_is_null(harness, tmp_path):
    np.savez(tmp_path / "full.npz", np.ones((3, 4)), np.ones((4, 2)))
    code, out, _ = harness("full.npz", "--json")
    assert code == 0
    assert {row["z"] for row in objects(out)} == {None}
    assert {row["p"] for row in objects(out)} == {None}
    code, out, _ = harness("full.npz", "--csv")
    assert {row["z"] for row in csv.DictReader(io.StringIO(out))} == {""}
    assert "–" in harness("full.npz")[1]


def test_csv_says_what_json_says(harness, a):
    rows = list(csv.DictReader(io.StringIO(harness(a, "--csv")[1])))
    found = objects(harness(a, "--json")[1])
    assert list(rows[0]) == list(found[0])
    for row, right in zip(rows, found, strict=True):
        assert row["motif"] == right["motif"]
        assert row["count"] == str(right["count"])
        assert (float(row["z"]) if row["z"] else None) == right["z"]


def test_options_narrow_and_widen(harness, a):
    rows = objects(harness(a, "--json", "--order", 2, "--support", "live")[1])
    assert {(row["order"], row["support"]) for row in rows} == {(2, "live")}
    rows = objects(harness(a, "--json", "--order", 2, "--by-layer")[1])
    chain = [row for row in rows if row["motif"] == "chain2" and row["support"] == "all"]
    assert [row["base_layer"] for row in chain] == [-1, 0, 1] * 2
    assert chain[0]["count"] == chain[1]["count"] + chain[2]["count"]
    rows = objects(harness(a, "--json", "--order", 4, "--support", "all")[1])
    assert len(rows) == 2 * 42
    dense = objects(harness(a, "--json", "--order", 2, "--threshold", 0.5)[1])
    assert dense == objects(harness(a, "--json", "--order", 2)[1])


@pytest.mark.parametrize("columns", [80, 200])
def test_table_states_what_it_shows(harness, a, monkeypatch, columns):
    wide(monkeypatch, columns)
    code, out, err = harness(a, "--all")
    assert (code, err) == (0, "")
    edges = [layer.sum((1, 2)) for layer in masks()]
    told = ", ".join(f"{min(one)} to {max(one)}" for one in edges)
    assert f"a.npz: 2 networks, layout in-out; nodes 9-12-10-6; edges {told}" in out
    for part in ("Null `layered`", "z = (count - expected) / sd", "Support live", "null 95 %"):
        assert part in out
    table = motifs.profile(LayeredGraph(tuple(masks())))
    table = table[(table["base_layer"] == motifs.TOTAL) & (table["support"] == "all")]
    means = table.groupby("motif")[["count", "expected"]].mean()
    alike = {name: dict(zip(means.index, numbers(means[name]), strict=True)) for name in means}
    for motif, group in table.groupby("motif"):
        (line, *_) = [line for line in out.splitlines() if line.split()[:1] == [motif]]
        for name in ("count", "expected") if columns > 80 else ("count",):
            assert f" {alike[name][motif]} " in line
        assert f"{fixed(group['z'].mean(), 1, '+')} ± {group['z'].std():.1f}" in line
    assert "…" not in out


def test_several_files_are_compared(harness, a, tmp_path, monkeypatch):
    np.savez(tmp_path / "b.npz", *masks(1, seed=1, sizes=(5, 6, 4)))
    wide(monkeypatch, 80)
    code, out, _ = harness(a, "b.npz", "--order", 2)
    assert code == 0
    lines = out.splitlines()
    for name in ("a.npz", "b.npz"):
        assert len([line for line in lines if line.split()[::2][:2] == ["diverge2", name]]) == 2
    assert "null 95 %" in out
    assert "ratio" in out
    assert all(len(line) <= 80 and "…" not in line for line in lines if "diverge2" in line)
    files = [row["file"] for row in objects(harness(a, "b.npz", "--json")[1])]
    assert files == ["a.npz"] * 52 + ["b.npz"] * 26
    assert "named twice" in harness(a, a)[2]


class Text(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


NASTY = "<script>alert(1)<%s>[bold]x[/nope].npz"


def test_names_are_escaped(harness, tmp_path, monkeypatch):
    name = NASTY.replace("/", "∕")
    np.savez(tmp_path / name, **{"<b>[red]w[∕red]": masks()[0], "[/red]<i>": np.ones(2)})
    np.savez(tmp_path / "other.npz", *masks())
    wide(monkeypatch, 300)
    code, out, err = harness(name, "other.npz", "--html", "page.html", "--layout", "in-out")
    assert (code, err) == (0, "")
    assert f"{name}: 2 networks" in out
    assert "'[/red]<i>'" in out
    page = Text((tmp_path / "page.html").read_text())
    assert not {"b", "i"} & set(page.tags)
    assert page.tags.count("script") == 3, "data, Vega and the page's own"
    assert any(name in text for text in page.texts)
    assert any("'[/red]<i>'" in text for text in page.texts)
    assert any("layered" in text for text in page.texts)
    _, out, err = harness(name, "--json", "--layout", "in-out")
    assert "'[/red]<i>'" in err
    assert {row["file"] for row in objects(out)} == {name}


def test_control_characters_do_not_reach_the_terminal(harness, tmp_path):
    np.savez(tmp_path / "\x1b[31mred.npz", *masks())
    _, out, _ = harness("\x1b[31mred.npz", "--order", 2)
    assert "\x1b[31mred" not in out
    assert "\\x1b[31mred.npz: 2 networks" in out
    np.savez(tmp_path / "n.npz", **{"\x1b[31m": np.ones((2, 2)) * 1j})
    assert "\x1b" not in harness("n.npz")[2]


def test_html_needs_no_other_file(harness, a, tmp_path):
    assert harness(a, "--html", "page.html", "--json")[0] == 0
    page = (tmp_path / "page.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)=["']http""", page)
    assert page.index("none is shown to differ") < page.index("<nav")
    drawings = page[page.index('id="patterns"') :].partition("</ul>")[0]
    assert drawings.count("<svg ") == 13, "a drawing for each class"


@pytest.fixture
def recurrent(tmp_path):
    wires = np.random.default_rng(3).random((30, 30)) < 0.1
    np.fill_diagonal(wires, False)
    lines = [f"n{a},n{b}" for a, b in np.argwhere(wires)]
    (tmp_path / "recurrent.csv").write_text("\n".join(["source,target", *lines]))
    return wires


@pytest.mark.usefixtures("recurrent")
def test_numbers_are_not_cut_where_one_support_needs_no_column(harness, monkeypatch):
    wide(monkeypatch, 64)
    out = harness("recurrent.csv", "--draws", 5)[1]
    rows = [line.split() for line in out.splitlines() if re.match(r" \d{3}:[0-9.]+ ", line)]
    assert len(rows) >= 5
    assert all(re.fullmatch(r"[+−]\d+\.\d|0|–", row[-1]) for row in rows)


def test_an_edge_list_without_layers_is_a_digraph(harness, recurrent):
    code, out, err = harness("recurrent.csv", "--json", "--draws", 12, "--seed", 4)
    assert code == 0
    assert "list all with --nodes" in err
    found = objects(out)
    every = np.ones(30, bool)
    right = motifs.digraph_profile(Digraph(recurrent[None], every, every), draws=12, seed=4)
    assert len(found) == len(right) == 13 + 199
    for row, (_, known) in zip(found, right.iterrows(), strict=True):
        assert set(row) >= FIELDS
        assert (row["motif"], row["order"], row["draws"]) == (known.motif, known.order, 12)
        assert row["count"] == row["induced"] == known["count"]
        assert row["z"] == (None if np.isnan(known.z) else known.z)
        assert row["p"] == (None if np.isnan(known.p) else known.p)
        assert row["convention"] == "induced"
        assert row["p_method"] == "sampled"
        assert row["mfinder"] == motifs.mfinder_id(known.motif)
        assert (row["rounds"], row["mixed"]) == (known.rounds, True)
    kept = objects(harness("recurrent.csv", "--json", "--draws", 5, "--keep-mutual")[1])
    assert {row["null"] for row in kept} == {"degree-mutual"}
    out = harness("recurrent.csv", "--draws", 5)[1]
    assert "recurrent.csv: 1 network, digraph; 30 nodes; edges" in out
    assert re.search("10 of [0-9]+ classes, largest difference first", out)
    assert "classes of digraphs with no copies, seen or expected" in out
    out = harness("recurrent.csv", "--draws", 5, "--all", "--order", 2)[1]
    (line,) = [line for line in out.splitlines() if line.split()[:1] == ["030T"]]
    assert line.split()[1:3] == ["a->b,c;b->c", "38"]
    assert "Not shown" not in out


def test_tetrads_of_a_large_digraph_are_counted_when_asked_for(harness, tmp_path, monkeypatch):
    from harness.motif_profiles import _files

    monkeypatch.setattr(_files, "_TETRADS_AT_EASE", 100)
    # Decided by the cost of one network, never by the number of draws.
    (tmp_path / "star.csv").write_text(
        "source,target\n" + "\n".join(f"hub,n{number}" for number in range(12))
    )
    _, out, err = harness("star.csv", "--json", "--draws", 3)
    assert {row["order"] for row in objects(out)} == {2}
    assert "sets of four nodes (tetrads) left out" in err
    assert "add --order 3" in err
    _, out, err = harness("star.csv", "--json", "--draws", 3, "--order", 3)
    assert {row["order"] for row in objects(out)} == {3}
    assert "tetrads" not in err


def test_without_igraph_triads_are_counted_and_tetrads_refused(harness, monkeypatch, recurrent):
    from harness.motifs import _tetrads

    monkeypatch.setattr(_tetrads.importlib.util, "find_spec", lambda name: None)
    _, out, err = harness("recurrent.csv", "--json", "--draws", 3)
    assert {row["order"] for row in objects(out)} == {2}
    assert "left out: they need igraph: pip install 'motif-harness[igraph]'" in err
    code, out, err = harness("recurrent.csv", "--json", "--draws", 3, "--order", 3)
    assert (code, out) == (2, "")
    assert "pip install 'motif-harness[igraph]'" in err


def test_long_counts_say_how_long_they_will_take(harness, monkeypatch, recurrent):
    monkeypatch.setattr("harness.motifs._census._QUIET_SECONDS", 0.0)
    _, out, err = harness("recurrent.csv", "--json", "--draws", 70, "--order", 2)
    assert len(objects(out)) == 13
    assert re.search("counting draws: 91%, about [0-9]+ s left", err)


@pytest.mark.slow
def test_nulls_are_chosen_by_name(harness, a):
    arguments = ("--order", 3, "--draws", 40, "--seed", 2)
    code, out, err = harness(
        a,
        "--ensemble",
        "--json",
        *arguments,
        "--null",
        "degree",
        "--null",
        "layered",
        "--null",
        "published",
    )
    assert (code, err) == (0, "")
    rows = objects(out)
    assert {row["null"] for row in rows} == {"degree", "layered", "published"}
    exact = [row for row in rows if row["null"] == "layered"]
    assert exact == objects(harness(a, "--json", "--order", 3)[1])
    degree = {
        (row["network"], row["support"], row["motif"]): row
        for row in rows
        if row["null"] == "degree"
    }
    for row in exact:
        sampled = degree[row["network"], row["support"], row["motif"]]
        assert (sampled["count"], sampled["induced"]) == (row["count"], row["induced"])
        assert (sampled["draws"], row["draws"]) == (40, None)
        assert sampled["calibrated"]
    graph = LayeredGraph(tuple(masks()))
    right = motifs.sampled_profile(
        graph, "degree", number=40, orders=(3,), support="live", seed=2
    ).query("base_layer == -1")
    for _, known in right.iterrows():
        row = degree[known.network, "live", known.motif]
        assert row["p"] == (None if np.isnan(known.p) else known.p)
    published = [row for row in rows if row["null"] == "published"]
    assert {row["motif"] for row in published} == set(motifs.PUBLISHED)
    assert {row["support"] for row in published} == {"live-published"}
    assert {row["induced"] for row in published} == {None}
    assert not any(row["calibrated"] for row in published)
    out = harness(a, *arguments, "--null", "degree", "--null", "published")[1]
    assert "Motifs, null degree" in out
    assert "converge3_as_published" in out


def test_the_null_of_independent_edges_says_what_it_is_not(harness, a):
    code, out, err = harness(a, "--ensemble", "--json", "--null", "independent", "--support", "all")
    assert (code, err) == (0, "")
    rows = {(row["network"], row["motif"]): row for row in objects(out)}
    known = motifs.independent_profile(LayeredGraph(tuple(masks()))).query("base_layer == -1")
    for _, right in known.iterrows():
        row = rows[right.network, right.motif]
        assert (row["count"], row["expected"], row["sd"]) == (
            right["count"],
            right.expected,
            right.sd,
        )
        assert row["z"] == (None if np.isnan(right.z) else right.z)
        assert (row["null"], row["draws"], row["p"]) == ("independent", None, None)
        assert not row["calibrated"]
    assert rows[0, "diverge2"]["z"] is None
    out = harness(a, "--null", "independent")[1]
    assert "does not replace `degree`" in out


def test_degree_approx_is_a_preview_of_degree_without_p(harness, a):
    how = ("--support", "all", "--null", "degree-approx", "--null", "degree", "--draws", "200")
    code, out, err = harness(a, "--ensemble", "--json", *how)
    assert (code, err) == (0, "")
    rows = objects(out)
    four = [row for row in rows if row["null"] == "degree-approx"]
    assert {row["motif"] for row in four} <= {"chain3", "zigzag", "fork_tail", "merge_tail"}
    sampled = {(row["network"], row["motif"]): row for row in rows if row["null"] == "degree"}
    for row in four:
        drawn = sampled[row["network"], row["motif"]]
        assert (row["count"], row["induced"]) == (drawn["count"], drawn["induced"])
        assert (row["p"], row["draws"], row["effective"]) == (None, None, None)
        assert 100 < drawn["effective"] <= 200
        assert drawn["overlap"] == pytest.approx(drawn["chance"], abs=0.05)
    assert any(row["z"] is not None for row in four)
    out = harness(a, *how)[1]
    assert "a preview, not a test: no p" in out
    assert "R = 200 draws, for each class worth" in out
    assert "where degrees alone give" in out


@pytest.mark.slow
def test_order_4_given_lower_orders_stands_beside_degree_and_is_descriptive(harness, a):
    rows = objects(
        harness(a, "--given", "lower", "--support", "all", "--null", "layered", "--json")[1]
    )
    assert {(row["null"], row["order"]) for row in rows} == {
        *(("layered", 4), ("layered-given-lower", 4))
    }
    right = motifs.given_lower_profile(LayeredGraph(tuple(masks())))
    right = right.set_index(["network", "motif"])
    for row in (row for row in rows if row["null"] == "layered-given-lower"):
        same = right.loc[(row["network"], row["motif"])]
        assert row["count"] == same["count"]
        assert row["z"] == (None if np.isnan(same["z"]) else same["z"])
        assert (row["p"], row["q"], row["calibrated"]) == (None, None, False)
    out = harness(a, "--given", "lower", "--draws", 5, "--order", 3, "--support", "all")[1]
    assert "a.npz, null degree (random networks in which every node keeps" in out
    assert "null layered-given-lower (what the counts of smaller patterns predict" in out
    assert "no draws): not calibrated" in out
    assert "It is no test, and does not replace `degree`" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a.npz", "--given", "lower", "--order", "2"), "order 2 has no lower orders"),
        (("recurrent.csv", "--given", "lower"), "--given lower is for layered networks"),
        (("recurrent.csv", "--order", "4"), "--order 4: networks without layers"),
        (("a.npz", "--draws", "1"), "greater than or equal to 2"),
        (("a.npz", "--null", "degrees"), "--null"),
        (("a.npz", "--null", "degree-approx", "--order", "2"), "Add --order 3 or take --null"),
        (("none.npz",), "there is no file 'none.npz'"),
        (("a.npz", "--threshold", "-1"), "threshold -1.0 is no finite number from 0 up"),
        (("a.npz", "--layout", "out-in"), "chain only as in-out, not as out-in"),
        (("a.npz", "--layout", "x"), "'out-in', 'in-out'"),
        (("a.npz", "--order", "5"), "--order"),
        (("a.npz", "--support", "dead"), "'all', 'live'"),
        (("a.npz", "--json", "--csv"), "give one of them"),
        (("a.pkl",), "python -c 'import pickle"),
    ],
)
@pytest.mark.usefixtures("a", "recurrent")
def test_refusals(harness, tmp_path, arguments, told):
    (tmp_path / "a.pkl").write_bytes(b"x")
    code, out, err = harness(*arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_networks_too_large_to_count_exactly(harness, tmp_path):
    np.savez(tmp_path / "n.npz", np.ones((100_000, 1), bool))
    code, out, err = harness("n.npz", "--order", 4, "--layout", "in-out")
    assert (code, out) == (2, "")
    assert "'n.npz': counts of" in err
    assert "more than int64 can hold. Give fewer or lower --order" in err


def test_a_layer_without_edges_in_one_network(harness, tmp_path):
    arrays = masks()
    arrays[1][0] = False
    np.savez(tmp_path / "n.npz", *arrays)
    code, out, err = harness("n.npz", "--json")
    assert code == 0
    assert "'arr_1' has no edge in 1 of 2 networks" in err
    live = [row for row in objects(out) if (row["network"], row["support"]) == (0, "live")]
    assert {(row["count"], row["z"]) for row in live} == {(0, None)}


@pytest.mark.slow
def test_command_in_a_process_of_its_own(tmp_path):
    np.savez(tmp_path / "a.npz", *masks())
    command = [
        str(Path(sys.executable).parent / "harness"),
        "motifs",
        "a.npz",
        "--ensemble",
        "--json",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert len(objects(done.stdout)) == 52
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.csv"], "there is no file 'none.csv'"),
        (["damaged.npz"], "'damaged.npz' cannot be read as .npz"),
        (["damaged.csv"], "'damaged.csv', line 3"),
        (["damaged.csv", "--nul", "degree"], "No such option: --nul"),
        (["damaged.csv", "--draws", "1"], "--draws"),
        (["bare.csv", "--null", "signs"], "'bare.csv' has no weights but 1"),
        (["damaged.csv", "--instances", "bifan", "--html", "a.html"], "--html is for profiles"),
    ],
)
def test_an_error_does_not_wait_for_heavy_imports(tmp_path, arguments, message):
    (tmp_path / "damaged.npz").write_bytes(b"PK\x03\x04 cut short")
    (tmp_path / "damaged.csv").write_text("source,target,weight\na,b,1\nb,c,x\n")
    (tmp_path / "bare.csv").write_text("source,target\na,b\nb,c\n")
    code = (
        "import sys, harness.cli\n"
        f"try: harness.cli.main(['motifs', *{arguments}])\n"
        "except SystemExit as end: assert end.code == 2\n"
        "heavy = {'jax', 'pandas', 'pyarrow', 'altair', 'equinox', 'scipy', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
    assert message in found.stderr


def test_good_files_beside_a_damaged_one_are_shown(harness, a):
    Path("bad.npz").write_bytes(b"PK nonsense")
    code, out, err = harness("bad.npz", a, "--csv")
    assert code == 2
    assert {row["file"] for row in csv.DictReader(io.StringIO(out))} == {"a.npz"}
    assert "'bad.npz' cannot be read" in " ".join(err.split())
    code, out, _ = harness("bad.npz", "--csv")
    assert (code, out) == (2, "")


def test_a_file_named_like_a_formula_is_no_formula_in_csv(harness, a):
    a.rename("=cmd.npz")
    code, out, _ = harness("./=cmd.npz", "--csv")
    assert code == 0
    assert {row["file"] for row in csv.DictReader(io.StringIO(out))} == {"'=cmd.npz"}


def test_a_note_of_many_names_is_short(harness, tmp_path):
    header = ",".join(["source", "target", *(f"more{n}" for n in range(5_000))])
    Path("wide.csv").write_text(f"{header}\na,b{',1' * 5_000}\nb,c{',1' * 5_000}\n")
    code, _, err = harness("wide.csv", "--csv", "--draws", "2")
    assert code == 0
    assert "(5,000 in all)" in " ".join(err.split())
    assert len(err) < 2_000
