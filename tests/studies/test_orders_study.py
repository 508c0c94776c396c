"""The study `orders`: its rule on tables made by hand, the whole of it in small, its report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _orders_report as page
from harness_plugins.studies import _orders_tables as tables
from harness_plugins.studies import orders

from harness import motifs, studies
from harness.plugin import loading
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "orders"


def measured(size, networks=12):
    """Rows as of the metric: z of networks is `size` times noise, that of draws noise."""
    rng = np.random.default_rng(0)
    names = [one.name for one in motifs.classes(4)][:20]
    rows = [
        {"trial": f"{start}{seed}", "data_seed": seed, "start": start, "graph": graph,
         "number": number, "kind": graph.partition(" ")[0], "order": 4, "motif": name,
         "z": (size if number == 0 else 1.0) * rng.normal() + 3 * (name == names[0] and not number)}
        for start in ("Glorot", "large")
        for seed in range(networks)
        for number, graph in enumerate(["network", "draw", "planted bifan"])
        for name in names
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    return frame.assign(z_given=frame["z"], z_layered=frame["z"], z_lower=frame["z"])


@pytest.mark.parametrize(
    ("size", "verdict"), [(5.0, "something is left"), (1.0, "nothing is left"), (2.0, "open")]
)
def test_the_rule_of_the_design(size, verdict):
    means = tables.means(tables.outcomes(measured(size)))
    rows = means[means["outcome"] == "order4"].set_index(["start", "kind"])
    assert rows.loc[("Glorot", "network"), "verdict"] == verdict
    assert rows.loc[("Glorot", "network"), "n"] == 12
    assert rows.loc[("large", "draw"), "value"] == pytest.approx(1, abs=0.15)


def test_the_class_that_differs_is_found_and_draws_differ_in_none():
    rows = measured(1.0)
    found = tables.classes(rows)
    shown = found[found["q"] < tables.SHOWN]
    assert set(zip(shown["graph"], shown["motif"], strict=True)) == {
        ("network", motifs.classes(4)[0].name)
    }
    assert set(found.groupby(["start", "graph"]).size()) == {20}


def test_the_controls_of_one_replicate_say_nothing():
    assert "too few replicates" in page._power(measured(1.0, networks=1)).claim
    assert "20" in page._power(measured(1.0)).detail


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(tables, "SHARE", 1e9)
    study = orders.Orders(data_seeds=2, steps=20, width=12, densities=(0.3, 0.4), draws=20)
    made = studies.plans(study, tmp_path, loading.load(), {"tasks": ["digits"]})
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert "too few replicates" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    strengths = pd.read_csv(tmp_path / "report" / "tables" / "strengths.csv")
    assert set(strengths["kind"]) == {tables.NETWORK, tables.DRAW, tables.PLANTED}
    assert set(strengths["n"]) <= {1, 2}


@pytest.mark.slow
@pytest.mark.skipif(not REPORT.exists(), reason="the study has not been run yet")
def test_the_committed_statements_follow_from_the_committed_tables():
    runs = {name: ThinnedRun(REPORT / "runs" / name) for name in ("starts", "denser")}
    (answer, *_) = page.sections(runs)
    assert answer.findings[0].claim in (REPORT / "README.md").read_text(encoding="utf-8")
