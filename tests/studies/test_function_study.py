"""The study `function`: its rules on tables made by hand, the whole of it in small, its report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _function_report as page
from harness_plugins.studies import _function_tables as tables
from harness_plugins.studies import function
from markupsafe import escape

from harness import studies
from harness.plugin import loading
from harness.report import conditions
from harness.results.thinned import ThinnedRun

REPORT = Path(__file__).parents[2] / "reports" / "function"
CLASSES = tables.CLASSES


def networks(slope=0.0, noise=0.01, loss=0.3, lesion=0.0, seeds=12):
    """Rewired and lesioned networks: log2 loss rises by `slope` for 10 in z, and by `lesion`."""
    rng = np.random.default_rng(0)
    rows = []
    for start in tables.STARTS:
        for seed in range(1, seeds + 1):
            common = {"start": start, "data_seed": seed, "seed": 0, "network": 0, "version": 4}
            for target in (-8.0, -3.0, 3.0, 8.0):
                for sham in ("false", "true"):
                    reached = 1.0 if sham == "true" else target
                    z = dict.fromkeys(CLASSES, 0.5) | {tables.MOTIF: reached}
                    size = loss * 2 ** (slope * reached / 10 + rng.normal(0, noise))
                    done = {"name": "rewire", "arm": "start", "sham": sham, "target": target}
                    rows.append({**common, **z, **done, "motif": tables.MOTIF, "loss": size})
            for edges in ("most", "matched"):
                size = loss * 2 ** (lesion * (edges == "most") + rng.normal(0, noise))
                done = {"name": "lesion", "motif": "chain3", "edges": edges}
                rows.append({**common, **done, "loss": size})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("slope", "noise", "loss", "verdict"),
    [
        (0.5, 0.01, 0.3, "beyond the margin"),
        (-0.5, 0.01, 0.3, "beyond the margin"),
        (0.05, 0.01, 0.3, "within the margin"),
        (0.15, 0.2, 0.3, "open"),
        (0.0, 0.001, 0.92, "at the floor"),
        (0.0, 0.001, 0.88, "within the margin"),
    ],
)
def test_the_rule_of_the_dose_response(slope, noise, loss, verdict):
    slopes = tables.slopes(tables.doses(networks(slope, noise, loss)))
    slopes = slopes[slopes["outcome"] == "slope"]
    assert slopes["n"].tolist() == [12, 12]
    assert set(slopes["verdict"]) == {verdict}
    if noise < 0.1:
        assert slopes["value"].to_numpy() == pytest.approx(slope, abs=0.02)


def test_doses_are_differences_from_the_sham():
    doses = tables.doses(networks())
    assert sorted(doses["dose"].unique()) == [-9.0, -4.0, 2.0, 7.0]
    assert (doses["others"] == 0).all()
    assert len(doses) == 2 * 12 * 4


@pytest.mark.parametrize(
    ("lesion", "verdict"), [(0.5, "beyond the margin"), (0.02, "within the margin")]
)
def test_the_rule_of_lesions(lesion, verdict):
    cut = tables.lesions(networks(lesion=lesion))
    assert set(cut["verdict"]) == {verdict}
    assert cut["value"].to_numpy() == pytest.approx(lesion, abs=0.02)


def test_correlations_are_at_given_degrees():
    rng = np.random.default_rng(1)
    found = pd.DataFrame(rng.normal(size=(60, len(CLASSES))), columns=CLASSES)
    degrees = rng.normal(size=60)
    found["zigzag"] += 3 * degrees
    loss = 0.3 * 2 ** (degrees + 0.5 * found["bifan"] + rng.normal(0, 0.3, 60))
    found = found.assign(start="Glorot", trial=range(60), dense=0.1, loss=loss)
    tests = tables.correlations(found, pd.DataFrame({"degrees": degrees})).set_index("motif")
    assert tests.index[tests["adjusted"] < 0.05].tolist() == ["bifan"]
    assert tests.loc["bifan", "slope"] == pytest.approx(5, abs=0.6)


def test_with_few_networks_nothing_is_shown():
    changed = networks(0.5, seeds=3)
    slopes = tables.slopes(tables.doses(changed))
    judged = page._Judged(changed, tables.doses(changed), slopes, slopes, slopes)
    assert "too few replicates" in page._primary(judged).claim


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch, no_pages_of_runs):
    monkeypatch.setattr(function, "TARGETS", (-2.0, 2.0))
    monkeypatch.setattr(function, "LESIONED", ("bifan",))
    study = function.Function(networks=2, changed=1, steps=20)
    small = {"tasks": ["digits"], "architectures": ["mlp[sizes=[10, 10], initial=glorot]"]}
    made = studies.plans(study, tmp_path, loading.load(), small)
    outcome = studies.conduct(study, tmp_path, made)
    assert not outcome.failures
    assert "too few replicates" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    reached = pd.read_csv(tmp_path / "report" / "tables" / "reached.csv")
    assert set(zip(reached["arm"], reached["target"], strict=True)) == {
        ("start", -2.0), ("start", 2.0), ("new", -2.0), ("new", 2.0)
    }  # fmt: skip
    assert (reached["dose"].abs() > 0.5).any()
    lesions = pd.read_csv(tmp_path / "report" / "tables" / "lesions.csv")
    assert set(lesions["motif"]) == {"bifan"}


def test_the_committed_statements_follow_from_the_committed_tables():
    runs = {name: ThinnedRun(REPORT / "runs" / name) for name in ("changed", "networks", "anew")}
    found = tables.networks(runs["networks"])
    assert str(conditions.units(found)) == "networks, each with its own data"
    assert found["data_seed"].tolist() == list(range(1, 101))
    assert (found["loss"] < 0.5).all()
    for name in ("changed", "anew"):
        doses = tables.doses(tables.networks(runs[name]))
        assert doses.groupby(["start", "target"]).size().tolist() == [12] * 4
    (answer, *_) = page.sections(runs)
    written = (REPORT / "README.md").read_text(encoding="utf-8")
    assert answer.findings[0].claim in written.replace("\n", " ")
    html = (REPORT / "index.html").read_text(encoding="utf-8")
    for finding in answer.findings:
        assert str(escape(finding.claim)) in html
