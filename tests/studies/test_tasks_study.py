"""The study `tasks`: its classifier, its rule on tables made by hand, the whole of it in small."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _tasks_report as page
from harness_plugins.studies import _tasks_tables as tables
from harness_plugins.studies import tasks

from harness import motifs, studies
from harness.plugin import loading
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "tasks"


def drawn(gap, kinds=4, replicates=12, width=5):
    """Features of one row a label and replicate; the means of labels are `gap` apart."""
    rng = np.random.default_rng(1)
    labels = np.tile(np.arange(kinds), replicates)
    centres = gap * rng.normal(size=(kinds, width))
    mixing = rng.normal(size=(width, width))
    features = (centres[labels] + rng.normal(size=(labels.size, width))) @ mixing
    return features, labels, np.repeat(np.arange(replicates), kinds)


def test_the_classifier_is_that_of_another_library():
    discriminant = pytest.importorskip("sklearn.discriminant_analysis")
    features, labels, replicates = drawn(1.0)
    every = tables.permuted(labels, replicates, 2)
    found = tables.predicted(features, every, replicates)
    for arrangement, guessed in zip(every, found, strict=True):
        for replicate in np.unique(replicates):
            out = replicates == replicate
            scale = features[~out].std(0)
            model = discriminant.LinearDiscriminantAnalysis(
                solver="lsqr", shrinkage=tables.SHRINKAGE, priors=np.full(4, 0.25)
            ).fit(features[~out] / scale, arrangement[~out])
            assert guessed[out].tolist() == model.predict(features[out] / scale).tolist()
    assert (found[0] == labels).mean() > 0.5


def test_labels_are_permuted_within_replicates():
    _, labels, replicates = drawn(0.0)
    first, *others = tables.permuted(labels, replicates, 20)
    assert first.tolist() == labels.tolist()
    assert len({tuple(one) for one in others}) == 20
    for one in others:
        assert (np.sort(one.reshape(12, 4), 1) == np.arange(4)).all()


def test_only_edges_between_hidden_layers_are_looked_at():
    layers = range(tasks.HIDDEN + 1)
    spans = {one.name: one.span for order in (2, 3) for one in motifs.classes(order)}
    rows = [
        {"density": tasks.DENSITY, "motif": name, "base_layer": base}
        for name, span in spans.items()
        for base in range(-1, len(layers) - span + 1)
    ]
    found = tables.hidden(pd.DataFrame(rows)).groupby("motif")["base_layer"].apply(list)
    assert found["bifan"] == [1, 2, 3]
    assert found["chain2"] == [1, 2]
    assert found["chain3"] == [1]


def scored(gain, noise=0.02, replicates=20):
    rng = np.random.default_rng(0)
    rows = [
        {"group": group, "tasks": tables.EQUAL, "features": features, "data_seed": seed,
         "accuracy": 0.5 + gain * (features == tables.BOTH) + rng.normal(0, noise)}
        for group in (*tables.STARTS, *tables.CONTROLS)
        for features in (tables.VARIANCES, tables.BOTH)
        for seed in range(1, replicates + 1)
    ]  # fmt: skip
    return tables.Outcomes(pd.DataFrame(), pd.DataFrame(rows), pd.DataFrame(), pd.DataFrame())


@pytest.mark.parametrize(
    ("gain", "noise", "verdict"),
    [(0.2, 0.02, "adds"), (0.0, 0.02, "adds less than the margin"), (0.05, 0.3, "open")],
)
def test_the_rule_of_the_design(gain, noise, verdict):
    found = tables.gains(scored(gain, noise))
    primary = found[found["family"] == "primary"]
    assert primary["n"].tolist() == [20, 20]
    assert set(primary["verdict"]) == {verdict}


def test_tasks_at_the_floor_are_named():
    rows = itertools.product(tables.STARTS, ["moth", "digits"], range(10))
    found = pd.DataFrame(rows, columns=["group", "task", "data_seed"]).assign(loss=0.5)
    found.loc[(found["task"] == "moth") & (found["data_seed"] < 2), "loss"] = 0.95
    assert tables.floored(found) == [("Glorot", "moth"), ("large", "moth")]


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    small = {"name": "teacher", "rows": 100, "sizes": [4], "fan_in": 2}
    monkeypatch.setattr(tasks, "CONTROL", small)
    monkeypatch.setattr(tasks.Tasks, "tasks", lambda self: [small, small | {"planted": "nothing"}])
    monkeypatch.setattr(tables, "SHARE", 1e9)
    monkeypatch.setattr(tables, "PERMUTATIONS", 9)
    study = tasks.Tasks(data_seeds=3, steps=30, width=8, draws=10)
    made = studies.plans(study, tmp_path, loading.load(), {})
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    accuracies = pd.read_csv(tmp_path / "report" / "tables" / "accuracies.csv")
    assert set(accuracies["group"]) == {*tables.STARTS, *tables.CONTROLS}
    assert "Not shown: too few replicates" in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.skipif(not REPORT.exists(), reason="the study has not been run yet")
def test_the_committed_statements_follow_from_the_committed_tables():
    names = ("networks", "controls", "controls-again")
    runs = {name: ThinnedRun(REPORT / "runs" / name) for name in names}
    (answer, *_) = page.sections(runs)
    assert answer.findings[0].claim in (REPORT / "README.md").read_text(encoding="utf-8")
