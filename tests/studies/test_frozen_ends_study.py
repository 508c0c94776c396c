"""The study `frozen-ends`: its rule on tables made by hand, all of it in small, its report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _frozen_ends_report as page
from harness_plugins.studies import _frozen_ends_tables as tables
from harness_plugins.studies import frozen_ends
from markupsafe import escape

from harness import studies
from harness.plugin import loading
from harness.report import conditions
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "frozen-ends"


def found(ratio, pairs=12, at_floor=0):
    """Outcomes at level 5: all `ratio` times as large with ends kept; some are at the floor."""
    rng = np.random.default_rng(0)
    rows = [
        {"regime": regime, "level": 5, "arm": arm, "data_seed": seed, "density": 0.1}
        | {"seed": 0, "network": 0, "version": 3}
        | {name: size * 2 ** rng.normal(0, 0.05) for name in tables.STRENGTHS}
        | {"loss": 0.95 if arm == tables.ALL and seed <= at_floor else 0.3 * size}
        for regime in ("Glorot", "published-like")
        for arm, size in ((tables.KEPT, ratio), (tables.ALL, 1.0))
        for seed in range(1, pairs + 1)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("ratio", "verdict"), [(2.9, conditions.BEYOND), (1.1, conditions.WITHIN)])
def test_the_rule_of_the_design(ratio, verdict):
    compared = tables.comparisons(found(ratio))
    primary = compared[compared["family"] == "primary"]
    assert primary["outcome"].tolist() == ["hidden", "hidden"]
    assert primary["verdict"].tolist() == [verdict, verdict]
    assert primary["n"].tolist() == [12, 12]
    assert 2 ** primary["value"].iloc[0] == pytest.approx(ratio, rel=0.05)
    assert verdict in page._primary(compared, found(ratio)).claim


def test_nothing_is_compared_with_a_condition_at_the_floor():
    assert tables.floors(found(1.1, at_floor=1))["judged"].all()
    made = found(1.1, at_floor=2)
    assert not tables.floors(made).set_index("arm").loc[tables.ALL, "judged"].any()
    assert tables.comparisons(made).empty
    assert tables.ALL not in set(tables.means(made).query("outcome == 'hidden'")["arm"])
    assert "too few" in page._primary(tables.comparisons(made), made).claim


def test_total_densities_are_those_of_networks_with_kept_ends():
    study = frozen_ends.FrozenEnds()
    assert study.total(11) == pytest.approx((752 + 2 * 20 + 5) / 9968, abs=1e-6)
    assert study.total(5) == pytest.approx((752 + 2 * 319 + 80) / 9968, abs=1e-6)


def test_copies_in_hidden_layers_alone():
    rows = [("chain3", 0), ("chain3", 1), ("bifan", 3), ("bifan", 4), ("chain2", 2), ("chain2", 3)]
    table = pd.DataFrame(rows, columns=["motif", "base_layer"])
    assert tables._is_hidden(table).tolist() == [False, True, True, False, True, False]


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    for module in (frozen_ends, tables):
        monkeypatch.setattr(module, "POINTS", (5,))
    study = frozen_ends.FrozenEnds(flights=200, data_seeds=1, dense_steps=20, steps=2, width=12)
    made = studies.plans(study, tmp_path, loading.load(), {})
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    table = pd.read_csv(tmp_path / "report" / "tables" / "floors.csv")
    assert set(table["n"]) == {1}
    wide = table.pivot(index="regime", columns="arm", values="density")
    assert wide.shape == (2, 3)
    assert np.allclose(wide[tables.KEPT], wide[tables.TOTAL], atol=2e-3)


def test_the_committed_statements_follow_from_the_committed_tables():
    runs = {"ends": ThinnedRun(REPORT / "runs" / "ends")}
    outcomes = tables.outcomes(runs["ends"])
    assert str(conditions.units(outcomes)) == "networks, each with its own data"
    assert set(tables.floors(outcomes)["n"]) == {12}
    html = (REPORT / "index.html").read_text(encoding="utf-8")
    (answer, *_) = page.sections(runs)
    for finding in answer.findings:
        assert str(escape(finding.claim)) in html
    assert answer.findings[0].claim in (REPORT / "README.md").read_text(encoding="utf-8")
