"""The study `scale`: its rule on costs made by hand, the whole of it in small, its report."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from harness_plugins.exporters.kept_tables import KeptTables
from harness_plugins.studies import _scale_report as page
from harness_plugins.studies import _scale_tables as tables
from harness_plugins.studies.scale import AGAIN, END, FEW, IN_BLOCKS, Scale

from harness import UserError, open_run, studies
from harness.plugin import loading
from harness.results.thinned import ThinnedRun

KEPT = KeptTables(tables=("levels", "timings"), networks=1)
SECONDS = {"compile": 5.0, "start": 0.5, "simulate": 0.25}
"""What is no cost."""


@dataclass(frozen=True)
class MadeByHand:
    """A run of these tables."""

    path: Path
    experiment: Any
    provenance: Any
    known: Mapping[str, pd.DataFrame]
    notes: Any = None

    def table(self, name: str) -> pd.DataFrame:
        return self.known[name]

    def trials(self) -> pd.DataFrame:
        raise NotImplementedError

    def measurements(self) -> pd.DataFrame:
        raise NotImplementedError

    def masks(self, trial: str, level: int, /) -> Mapping[str, np.ndarray]:
        raise NotImplementedError


def costs(name, many=1.0, few=1.0, noise=0.01):
    """Return the seconds of work of a network: as much from 64 on, but for the largest number."""
    number = name.split("-")[1]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    each = {10_000: many, FEW: few}.get(int(number), max(1.0, 64 / int(number)))
    return each * 0.01 * 2 ** rng.normal(0, noise)


def runs(repetitions=6, busy=0.0, interrupted=(), **of_costs):
    """Return runs of the study, as if others had used `busy` cores; some ended a process."""
    made, clock = {}, {"time": 100.0, "machine": 50.0, "process": 1.0}
    for name, fields in Scale(repetitions=repetitions).experiments().items():
        work = costs(name, **of_costs) * fields["networks"]
        parts = {"train": 0.7 * work, "prune": 0.1 * work, "measure": 0.15 * work}
        spent = {**parts, "evaluate": 0.05 * work, **SECONDS}
        timings = pd.DataFrame({"activity": [*spent], "seconds": [*spent.values()]})
        levels = pd.DataFrame({"trial": "t", "network": 0, "level": [0, 1], "steps": [60, 40]})
        known = {"timings": timings, "levels": levels}
        width = fields["block_width"] or 4
        provenance = {"clock": {"time": 0.0}, "earlier": [{"clock": dict(clock)}]}
        made[name] = MadeByHand(Path(name), {"block_width": width}, provenance, known)
        wall = sum(spent.values()) + 1
        clock["time"] += wall
        clock["machine"] += (1.5 + busy) * wall
        clock["process"] = 0.5 if name in interrupted else clock["process"] + 1.5 * wall
    return made


def test_costs_are_those_of_work_without_compilation_and_start():
    found = tables.measured(runs(busy=0.3)).set_index(["data_seed", "condition"])
    row = found.loc[(2, "4,000")]
    assert row["cost"] == pytest.approx(costs("2-04000-at-once"))
    assert row["step"] == pytest.approx(0.7 * costs("2-04000-at-once") / 100)
    assert row["rest"] == pytest.approx(1)
    assert row["others"] == pytest.approx(0.3)
    assert found.loc[(2, "256 in blocks"), "width"] == 4


@pytest.mark.parametrize(
    ("many", "noise", "said"),
    [
        (1.05, 0.01, "A network costs the same among 10,000 as among 1,000 trained at once: 1.0"),
        (1.6, 0.01, "A network costs more among 10,000"),
        (0.6, 0.01, "A network costs less among 10,000"),
        (1.2, 0.4, "It is open whether a network costs the same"),
    ],
)
def test_the_rule_of_the_design(many, noise, said):
    found = tables.measured(runs(many=many, noise=noise))
    claim = page._primary(found).claim
    assert claim.startswith(said)
    assert "n = 6 repetitions" in claim
    compared = tables.comparisons(found).set_index("comparison")
    if noise < 0.1:
        assert compared.loc[tables.CONTROL, "verdict"] == "within the margin"
        assert 2 ** compared.loc[tables.PRIMARY, "value"] == pytest.approx(many, rel=0.05)
        assert compared.loc["1 / 1,000", "verdict"] == "beyond the margin"


def test_a_busy_machine_gives_no_answer():
    assert tables.idle(tables.measured(runs(busy=0.1)))
    found = tables.measured(runs(busy=0.5))
    assert tables.disturbed(found) == (60, 60)
    assert page._primary(found).claim.startswith("Not shown: the machine was not idle")


def test_few_repetitions_and_interrupted_ones_give_no_answer():
    assert "too few repetitions" in page._primary(tables.measured(runs(repetitions=5))).claim
    found = tables.measured(runs(interrupted=["3-10000-at-once"])).set_index("condition")
    assert found.loc["10,000", "cost"].isna().sum() == 1
    assert found.loc["1,000", "cost"].notna().all()
    assert "too few repetitions" in page._primary(found.reset_index()).claim


@pytest.mark.parametrize(("few", "first"), [(1.0, 64), (2.0, 4_000)])
def test_costs_are_flat_from_the_number_after_the_last_dear_one(few, first):
    found = tables.measured(runs(few=few))
    assert set(tables.flat_from(found)) == {first}
    assert f"within 25 % of the lowest from {first:,} networks on" in page._flat_from(found).claim


def test_costs_that_rise_at_the_end_are_flat_from_no_number_on():
    found = tables.measured(runs(many=1.6))
    assert np.isinf(tables.flat_from(found)).all()
    claim = page.opening(Scale.question, runs(many=1.6)).findings[0].claim
    assert "at 10,000 they lie over 25 % above in 6 of 6 repetitions" in claim


def test_every_repetition_has_every_number_once_in_an_order_of_its_own():
    made = Scale().experiments()
    orders = {}
    for name in made:
        repetition, number, kind = name.split("-", 2)
        orders.setdefault(repetition, []).append((int(number), kind))
    ends = orders["6"].pop()
    assert ends == (1, END)
    (contents,) = {tuple(sorted(order)) for order in orders.values()}
    assert (FEW, AGAIN) in contents
    assert (256, IN_BLOCKS.replace(" ", "-")) in contents
    assert len({tuple(order) for order in orders.values()}) == 7
    assert all(order != sorted(order) for order in orders.values())
    assert len({fields["seed"] for fields in made.values()}) == len(made)


def test_the_page_of_runs_made_by_hand_keeps_its_limits():
    made = runs()
    first = page.opening(Scale.question, made)
    assert len(first.findings) == 3
    claims = [finding.claim for section in page.sections(made) for finding in section.findings]
    assert any(claim.startswith("Projected, not measured: a million") for claim in claims)
    hours = page._projections(tables.measured(made))["seconds"].iloc[0] / 3600
    assert hours == pytest.approx(0.01 * 1e6 / 3600, rel=0.05)


@pytest.mark.slow
def test_the_study_from_end_to_end_in_small(tmp_path, monkeypatch):
    # Its page comes from the tables kept, whose seconds are rounded.
    monkeypatch.setattr(studies, "write", lambda *_: None)
    study = Scale(numbers=(2,), repetitions=1, steps=20)
    made = studies.plans(study, tmp_path / "study", loading.load(), {})
    assert not studies.conduct(study, tmp_path / "study", made).failures
    for name in study.experiments():
        assert not (tmp_path / "study" / name / "report").exists()
        KEPT.export(open_run(tmp_path / "study" / name), tmp_path / "kept" / "runs" / name)
    kept = ThinnedRun(tmp_path / "kept" / "runs" / "1-00002-at-once")
    assert kept.tables() == ["levels", "timings"]
    assert kept.table("levels")["network"].tolist() == [0, 0], "one network at two levels"
    studies.rebuild(study, tmp_path / "kept" / "runs", tmp_path / "kept")
    text = (tmp_path / "kept" / "index.html").read_text(encoding="utf-8")
    assert "too few repetitions of the primary comparison" in text
    assert studies.verify(study, tmp_path / "kept") > 3
    table = pd.read_csv(tmp_path / "kept" / "tables" / "experiments.csv")
    assert table["data_seed"].tolist() == [0, 1, 1]
    assert (table["cost"].iloc[:-1] > 0).all()
    table.assign(cost=1.0).to_csv(tmp_path / "kept" / "tables" / "experiments.csv", index=False)
    with pytest.raises(UserError, match=r"experiments\.csv differ"):
        studies.verify(study, tmp_path / "kept")
