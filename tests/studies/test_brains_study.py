"""The study `brains`: connectomes as they are, its rule by hand, all of it in small, its report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _brains_graphs as graphs
from harness_plugins.studies import _brains_report as page
from harness_plugins.studies import _brains_tables as tables
from harness_plugins.studies import brains

from harness import studies
from harness.plugin import loading
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "brains"
NO_FLOOR = pd.DataFrame({"ensemble": ["Glorot"], "judged": [True]})


def test_brains_have_fixed_lists_of_nodes():
    shapes = [[wires.shape for wires in graphs.mushroom_body(side)] for side in graphs.SIDES]
    assert shapes == [[(58, 101), (101, 29)], [(63, 100), (100, 29)]]
    left = graphs.mushroom_body("left")
    assert tuple(int(wires.sum()) for wires in left) == brains.EDGES
    assert (left[0].sum(0) == 0).sum() == 18  # Kenyon cells without a projection neuron
    wires, types = graphs.worm()
    assert wires.shape == (brains.WORM_NODES, brains.WORM_NODES)
    assert wires.sum() == brains.WORM_EDGES
    assert sorted(set(types)) == ["inter", "motor", "pharyngeal", "sensory", "unknown"]
    assert (~(wires.any(0) | wires.any(1))).sum() == 3


def test_edges_are_dropped_towards_degrees():
    rng = np.random.default_rng(0)
    like = graphs.mushroom_body("left")[0]
    wires = rng.random(like.shape) < 0.2
    kept = graphs.thinned(wires, like, rng)
    assert kept.sum() == like.sum()
    assert not (kept & ~wires).any()
    at_random = wires & (rng.permuted(np.cumsum(wires.ravel())).reshape(wires.shape) <= like.sum())
    assert graphs.mismatch(kept, like) < graphs.mismatch(at_random, like) / 2
    assert graphs.mismatch(like, like) == 0


def test_null_of_types_keeps_the_edges_of_each_pair_of_types():
    wires = np.array([[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], bool)
    null = graphs.types_null(wires, ("a", "a", "b", "b"))
    drawn = np.asarray(null.draw(0, 40, (1,)).adjacency)
    assert (drawn[:, :2, :2].sum((1, 2)) == 2).all()
    assert (drawn[:, :2, 2:].sum((1, 2)) == 2).all()
    assert (drawn[:, 2:, 2:].sum((1, 2)) == 1).all()
    assert not drawn[:, range(4), range(4)].any()
    assert len(np.unique(drawn, axis=0)) > 5


def ratios(values, brain, null="degree"):
    """A quantity of networks, and of both sides of a brain."""
    of = {"null": null, "order": 3, "motif": "bifan", "base_layer": 0, "expected": 50.0}
    networks = [
        {**of, "ensemble": "Glorot, own", "replicate": at, "log2_ratio": one}
        for at, one in enumerate(values)
    ]
    sides = [{**of, "brain": side, "log2_ratio": brain, "sd": 1.0} for side in graphs.SIDES]
    return pd.DataFrame(networks), pd.DataFrame(sides)


@pytest.mark.parametrize(
    ("brain", "verdict", "position"),
    [(0.25, tables.WITHIN, 2 / 3), (0.35, tables.JUST, 1.0), (0.5, tables.ABOVE, 1.0),
     (-0.2, tables.BELOW, 0.0)],
)  # fmt: skip
def test_the_rule_of_the_design(brain, verdict, position):
    networks, sides = ratios([0.1, 0.2, 0.3], brain)
    places = tables.positions(sides, networks, NO_FLOOR)
    assert places["verdict"].tolist() == [verdict] * 2
    assert places["position"].tolist() == pytest.approx([position] * 2)
    outside = [("bifan from P", verdict)] if verdict in (tables.ABOVE, tables.BELOW) else []
    assert tables.unlike(places, "Glorot, own") == outside
    head = page._primary(places).claim
    assert ("are unlike pruned" in head) == bool(outside)


def test_rare_classes_and_ensembles_at_the_floor_are_left_out():
    networks, sides = ratios([0.1, 0.2, 0.3], 0.5)
    assert tables.positions(sides, networks.assign(expected=4.0), NO_FLOOR).empty
    assert tables.positions(sides, networks, NO_FLOOR.assign(judged=False)).empty
    assert "Not shown" in page._primary(tables.positions(sides, networks[:0], NO_FLOOR)).claim


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(brains, "WORM_NODES", 30)
    monkeypatch.setattr(brains, "WORM_EDGES", 60)
    study = brains.Brains(flights=200, data_seeds=1, steps=20, recurrent_steps=20, draws=2)
    made = studies.plans(study, tmp_path, loading.load(), {})
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    losses = pd.read_csv(tmp_path / "report" / "tables" / "losses.csv")
    assert losses["n"].tolist() == [1, 1, 1]
    matching = pd.read_csv(tmp_path / "report" / "tables" / "matching.csv")
    means = matching.set_index("ensemble")["mean"]
    for start in ("published-like", "Glorot", tables.RANDOM):
        assert means[f"{start}, matched"] < means[f"{start}, own"]
    run = studies.open_run(tmp_path / "pruned")
    for trial in run.trials()["trial"]:
        masks = run.masks(trial, brains.ROUNDS)
        kept = [int(np.asarray(masks[f"layers.{at}.weight"]).sum()) for at in (1, 2)]
        assert tuple(kept) == brains.EDGES


@pytest.mark.slow
def test_the_committed_statements_follow_from_the_committed_tables():
    names = ("pruned", "random", "recurrent")
    runs = {name: ThinnedRun(REPORT / "runs" / name) for name in names}
    assert set(tables.floors(runs)["n"]) == {12}
    (answer, *_) = page.sections(runs)
    assert answer.findings[0].claim in (REPORT / "README.md").read_text(encoding="utf-8")
