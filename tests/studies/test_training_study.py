"""The study `training`: its rule on tables made by hand, the whole of it in small, its report."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _training_report as page
from harness_plugins.studies import _training_tables as tables
from harness_plugins.studies import training
from markupsafe import escape

from harness import studies
from harness.plugin import loading
from harness.report import conditions
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "training"


def found(ratio, noise=0.05, pairs=12):
    """Outcomes of networks: all are `ratio` times as large from sd 0.05 as from sd 0.5."""
    rng = np.random.default_rng(0)
    rows = [
        {"start": start, "decay": decay, "data_seed": seed, "seed": 0, "network": 0, "version": 3}
        | {name: size * 2 ** rng.normal(0, noise) for name in (*tables.OUTCOMES, "chance")}
        | {"log2_ratio": 1.0}
        for start, size in (("sd 0.05", ratio), ("sd 0.5", 1.0))
        for decay in ("none", "early")
        for seed in range(1, pairs + 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("ratio", "noise", "said"),
    [
        (4.0, 0.05, "beyond the margin"),
        (0.25, 0.05, "beyond the margin"),
        (1.1, 0.05, "within the margin"),
        (2.0, 0.5, "open"),
    ],
)
def test_the_rule_of_the_design(ratio, noise, said):
    compared = tables.comparisons(found(ratio, noise))
    rows = compared[(compared["outcome"] == "strength") & (compared["family"] == "primary")]
    assert rows["comparison"].tolist() == [tables.PRIMARY]
    assert rows["n"].tolist() == [12]
    assert tables.verdict(rows.iloc[0]) == said
    if noise < 0.1:
        assert 2 ** rows["value"].iloc[0] == pytest.approx(ratio, rel=0.05)


def test_with_few_pairs_nothing_is_shown():
    assert "too few replicates" in page._primary(found(4.0, pairs=3)).claim
    assert str(conditions.units(found(4.0))) == "networks, each with its own data"


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(training, "SCALES", (0.05, 0.5))
    study = training.Training(flights=200, data_seeds=2, steps=20, width=12)
    made = studies.plans(study, tmp_path, loading.load(), {"tasks": ["digits"]})
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert "too few replicates" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    means = pd.read_csv(tmp_path / "report" / "tables" / "by_condition.csv")
    assert set(means["start"]) == {"sd 0.05", "sd 0.5", "Glorot"}
    assert set(means["decay"]) == {"none", "early"}
    assert set(means["n"]) <= {1, 2}


def test_the_committed_statements_follow_from_the_committed_tables():
    runs = {"starts": ThinnedRun(REPORT / "runs" / "starts")}
    outcomes = tables.outcomes(runs["starts"])
    assert str(conditions.units(outcomes)) == "networks, each with its own data"
    assert set(outcomes.groupby(list(tables.CONDITION)).size()) == {12}
    for name, made in (("by_condition", tables.means), ("comparisons", tables.comparisons)):
        kept = pd.read_csv(REPORT / "tables" / f"{name}.csv")
        made_now = made(outcomes)
        for column in ("n", "value", "low", "high"):
            same = np.allclose(kept[column], made_now[column], rtol=1e-6, equal_nan=True)
            assert same, (name, column)
    html = (REPORT / "index.html").read_text(encoding="utf-8")
    (answer, *_) = page.sections(runs)
    for finding in answer.findings:
        assert re.sub(r"`(\w+)`", r"<code>\1</code>", str(escape(finding.claim))) in html
    assert answer.findings[0].claim in (REPORT / "README.md").read_text(encoding="utf-8")
