"""The study `architectures`: verdicts on tables made by hand, and all of it in small."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _architectures_tables as tables
from harness_plugins.studies import architectures

from harness import open_run, studies
from harness.plugin import loading
from harness.results.thinned import ThinnedRun

SEEDS = 12


def z_of(view, means, pruner="magnitude", layered=True):
    """z of classes in one view of one architecture, around the mean of each, for 12 data seeds."""
    noise = np.random.default_rng(len(view)).normal(0, 0.3, (SEEDS, len(means)))
    rows = [
        {"data_seed": seed, "motif": motif, "z": mean + noise[seed, at]}
        for at, (motif, mean) in enumerate(means.items())
        for seed in range(SEEDS)
    ]
    place = {"architecture": view, "view": "one", "layered": layered, "pruner": pruner}
    return pd.DataFrame(rows).assign(**place)


MEANS = {"chain2": 4.0, "diverge2": 3.0, "converge2": 0.6, "bifan": 3.0, "zigzag": 3.0}
OTHERS = {"chain2": 5.0, "diverge2": -3.0, "converge2": 3.0, "bifan": 0.0, "zigzag": 0.9}


def test_a_class_changes_by_rate_and_margin():
    found = tables.changes(z_of("mlp", {**MEANS, "none": 0.0})).set_index("motif")
    assert set(found.index[found["changes"]]) == {"chain2", "diverge2", "bifan", "zigzag"}
    assert found.loc["converge2", "q"] <= tables.ERROR
    assert (found["n"] == SEEDS).all()


def test_a_pair_is_judged_class_by_class():
    z = pd.concat([z_of("mlp", MEANS), z_of("cnn", OTHERS)])
    found = tables.comparisons(tables.changes(z)).set_index("motif")["verdict"]
    expected = ["the same", "different", "different", "open"]
    assert list(found[["chain2", "diverge2", "bifan", "zigzag"]]) == expected


def test_views_of_two_kinds_share_classes_of_two_edges_alone():
    z = pd.concat([z_of("mlp", MEANS), z_of("rnn", MEANS, layered=False)])
    found = tables.comparisons(tables.changes(z))
    assert set(found["motif"]) == set(tables.SHARED.values())


def test_agreement_counts_signs_with_an_interval_over_data_seeds():
    z = pd.concat([z_of("mlp", MEANS), z_of("cnn", OTHERS)])
    (row,) = tables.agreement(z, tables.comparisons(tables.changes(z))).to_dict("records")
    assert row["classes"] == 5
    assert row["low"] <= row["share"] <= row["high"]
    assert row["low"] >= 0.6
    assert (row["the same"], row["different"], row["open"]) == (1, 3, 1)


@pytest.fixture
def small(monkeypatch):
    some = {
        "mlp[sizes=[8]]": {"layers": "sampled"},
        "residual[width=4, blocks=1]": {"digraph": "digraph-motifs"},
    }
    monkeypatch.setattr(architectures, "VIEWS", some)
    return architectures.Architectures(data_seeds=2, density=0.6, steps=30, draws=4)


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs, small):
    made = studies.plans(small, tmp_path, loading.load(), {})
    with monkeypatch.context() as lenient:
        lenient.setattr(tables, "LOSS", 99.0)
        lenient.setattr(tables, "SHARE", 99.0)
        assert not studies.conduct(small, tmp_path, made).failures
    runs = {name: open_run(tmp_path / name) for name in ("mlp", "residual")}
    for run in runs.values():
        assert set(run.measurements()["status"]) == {"done"}
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "That the architecture matters is not shown" in page
    compared = pd.read_csv(tmp_path / "report" / "tables" / "compared.csv")
    assert set(compared["motif"]) == {"chain2", "diverge2", "converge2"}
    assert set(compared["verdict"]) == {"open"}
    # So little training does no better than a constant: nothing is judged.
    (section,) = small.sections(runs)
    assert "No two views can be compared" in section.findings[0].claim


def test_the_committed_tables_say_what_the_report_says():
    kept = Path(__file__).parents[2] / "reports" / "architectures"
    study = architectures.Architectures()
    runs = {name: ThinnedRun(kept / "runs" / name) for name in study.experiments()}
    answer, *_ = study.sections(runs)
    text = " ".join((kept / "README.md").read_text(encoding="utf-8").split())
    for finding in answer.findings:
        assert finding.claim in text
