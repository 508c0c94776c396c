"""How alike the profiles of several files are: values, intervals, controls, and what is said."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harness import LayeredGraph, cli, motif_profiles, motifs, stats

SIZES = (8, 30, 30, 6)


def unequal(seed, sd=0.8, networks=None):
    """Return edges drawn with chances proportional to products of the nodes' fitness."""
    rng = np.random.default_rng(seed)
    fitness = [rng.lognormal(0, sd, n) for n in SIZES]
    chance = [0.12 * np.outer(a / a.mean(), b / b.mean()) for a, b in pairwise(fitness)]
    lead = () if networks is None else (networks,)
    return [rng.random((*lead, *one.shape)) < one for one in chance]


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", *unequal(102))
    np.savez("b.npz", *unequal(103))
    np.savez("many.npz", *unequal(2, networks=6))
    return tmp_path


@pytest.fixture
def harness(files, capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main(["motifs", *map(str, arguments)])
        out, err = capsys.readouterr()
        return end.value.code or 0, out, err

    return call


def z(name, seed, networks=None):
    edges = unequal(seed, networks=networks)
    graph = LayeredGraph(tuple(one if networks else one[None] for one in edges))
    table = motifs.profile(graph, supports=["all"], orders=(3,))
    table = table[table["base_layer"] == motifs.TOTAL]
    return graph, table.pivot(index="network", columns="motif", values="z")


def test_rows_are_the_similarities_of_the_engine(harness):
    code, out, _ = harness("a.npz", "b.npz", "many.npz", "--similarity", "--json")
    assert code == 0
    rows = {(row["first"], row["second"]): row for row in json.loads(out)}
    assert set(rows) == {
        *(("a.npz", "b.npz"), ("a.npz", "many.npz"), ("b.npz", "many.npz")),
        ("many.npz", "many.npz"),
    }
    assert {row["order"] for row in rows.values()} == {3}
    (graph, a), (other, b), (_, many) = z("a", 102), z("b", 103), z("many", 2, 6)
    names = [motif.name for motif in motifs.classes(3)]
    noises = []
    for one in (graph, other):
        nodes = SIZES
        edges = [int(layer.sum()) for layer in one.adjacency]
        covariance = motifs.covariances(nodes, edges, (3,))
        sd = np.sqrt(np.diagonal(covariance))
        noises.append(stats.Noise(covariance / np.outer(sd, sd)))
    lone = stats.similarity_of_two(
        a[names].to_numpy()[0], b[names].to_numpy()[0], noise=tuple(noises)
    )
    row = rows["a.npz", "b.npz"]
    assert (row["similarity"], row["low"], row["high"]) == pytest.approx(lone[:3])
    assert (row["interval"], row["networks"], row["classes"]) == ("noise", 2, 10)
    within = stats.similarity_within(many[names].to_numpy())
    row = rows["many.npz", "many.npz"]
    assert (row["similarity"], row["low"], row["high"]) == pytest.approx(within[:3])
    assert (row["interval"], row["networks"]) == ("networks", 6)


def test_networks_of_unequal_degrees_and_nothing_else_lie_within_the_control(harness):
    """By construction: degrees explain all of their likeness."""
    found = json.loads(harness("a.npz", "b.npz", "--similarity", "--json")[1])
    assert found[0]["similarity"] > 0.8
    assert found[0]["control_low"] < found[0]["similarity"] < found[0]["control_high"]
    out = harness("a.npz", "b.npz")[1]
    first = out.splitlines()[0]
    assert first.startswith("a.npz and b.npz: similarity 0.")
    assert first.endswith("no more than degrees make them.")
    assert "Similarity of profiles, null layered" in out
    assert "Similarity: dot product" in out
    rows = list(csv.DictReader(io.StringIO(harness("a.npz", "b.npz", "--similarity", "--csv")[1])))
    assert float(rows[0]["control"]) == found[0]["control"]


def test_the_page_has_the_table_and_programs_get_profiles_as_before(harness):
    code, out, _ = harness("a.npz", "b.npz", "--html", "page.html", "--json")
    assert code == 0
    assert {"motif", "z"} <= set(json.loads(out)[0])
    text = Path("page.html").read_text()
    assert text.index("a.npz and b.npz: similarity") < text.index("<table")
    assert "Similarity of profiles, null layered" in text


def test_weak_signals_have_no_similarity(harness):
    rng = np.random.default_rng(0)
    for name in "cd":
        np.savez(f"{name}.npz", rng.random((9, 12)) < 0.3, rng.random((12, 10)) < 0.3)
    code, out, _ = harness("c.npz", "d.npz", "--similarity")
    assert code == 0
    assert out.startswith("No similarity can be given")


def test_the_answer_says_which_side_of_the_control(files):
    table = motif_profiles.similarities(
        motif_profiles.of_files([files / "a.npz", files / "b.npz"]), seed=0
    )
    for value, words in ((1.2, "more than degrees"), (0.1, "less than degrees")):
        assert words in motif_profiles.answer(table.assign(similarity=value))
