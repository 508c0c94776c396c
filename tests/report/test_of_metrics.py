"""Metrics from a file, without a word about reports: compared, tested and charted as any other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import AbstractMetric, cli, open_run, stats
from harness.cli import outcome
from harness.report import Headline, Report, Section, build, charts, collect
from harness.report.pruner_comparison import families_of
from harness.report.sections import named, of_metrics
from harness.tables import schema
from harness.tables.schema import Quantities, Schema, Value

PLUGINS = Path(__file__).parents[1] / "plugins"
FILES = [f"--plugin={PLUGINS / name}.py" for name in ("small_tasks", "small_metrics")]
NETWORKS = 6


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of recurrent networks, whose graph is a digraph, and its report as it was written."""
    folder = tmp_path_factory.mktemp("of-metrics") / "run"
    metrics = ["--metric=performance", "--metric=evenness", "--metric=mutual"]
    asked = ["--task=small-recurrence", "--schedule=tiny[steps=2]", f"--networks={NETWORKS}"]
    pruners = ["--pruner=magnitude", "--pruner=random"]
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["run", *FILES, *asked, *pruners, *metrics, "--out", str(folder), "--quiet"])
    return open_run(folder)


def table(run, name):
    return pd.read_csv(run.path / "report" / "tables" / f"{name}.csv")


@pytest.mark.parametrize(
    ("metric", "column", "where", "kind", "quantity"),
    [
        ("evenness", "cv", "leaf == 'recurrent'", "cv", "recurrent"),
        ("mutual", "pairs", "network >= 0", "pairs", "pairs"),
    ],
)
def test_differences_are_paired_and_tested(run, metric, column, where, kind, quantity):
    found = table(run, "pairs")
    rows = run.table(metric).query(where)
    rows = rows[rows["level"] == rows["level"].max()]
    wide = rows.pivot(index="network", columns="pruner", values=column)
    differences = (wide["random"] - wide["magnitude"]).to_numpy(dtype=float)
    (row,) = found[(found["kind"] == kind) & (found["quantity"] == quantity)].to_dict("records")
    tested = stats.mean_test(differences)
    assert row["n"] == NETWORKS
    assert row["difference"] == pytest.approx(tested.value)
    assert (row["p"], row["low"]) == pytest.approx((tested.p, tested.low), nan_ok=True)
    family = found[found["kind"] == kind]
    assert len(family) == (3 if metric == "evenness" else 1)
    assert ((family["adjusted"] >= family["p"]) | family["p"].isna()).all()


def test_each_has_charts_a_heat_map_and_a_column(run):
    page = (run.path / "report" / "index.html").read_text(encoding="utf-8")
    for name in ("evenness", "mutual"):
        assert f'id="metric-{name}"' in page
    charts = {path.stem for path in (run.path / "report" / "charts").glob("*.svg")}
    assert {"evenness_cv", "evenness_cv_heatmap", "mutual_pairs", "mutual_pairs_heatmap"} <= charts
    assert {"pairs_evenness_cv", "pairs_single"} <= charts
    heat = table(run, "evenness_cv_heatmap")
    cells = run.table("evenness").groupby(["pruner", "level", "leaf"])["cv"].mean()
    assert len(heat) == len(cells)
    for row in heat.to_dict("records"):
        assert row["mean"] == pytest.approx(cells[row["condition"], row["level"], row["quantity"]])
    assert {"recurrent", "entering", "leaving", "mutual_pairs"} <= set(table(run, "networks"))


@pytest.mark.slow
def test_a_metric_that_is_gone_is_described_by_its_columns(run, tmp_path):
    """The file of the plugin is not given: its table still is compared and charted."""
    assert collect([run]).measured["evenness"].metric is None
    build([run], tmp_path)
    kept = (tmp_path / "tables" / "pairs.csv").read_text()
    assert kept == (run.path / "report" / "tables" / "pairs.csv").read_text()


def places(**columns):
    levels = pd.DataFrame({"trial": "c0", "level": [0, 0, 1, 1], "network": [0, 1, 0, 1]})
    return levels.assign(density=1.0, condition="a", later=0, task="t", **columns)


def test_whole_numbers_are_keys_only_where_rows_need_them():
    made = schema.derived(places(count=3, kind="x", weight=0.5))
    assert made.keys == ("kind",)
    assert [value.column for value in made.values] == ["count", "weight"]
    by_layer = pd.concat([places(layer=layer, count=7) for layer in (0, 1)])
    assert schema.derived(by_layer).keys == ("layer",)
    assert [value.column for value in schema.derived(by_layer).values] == ["count"]


def test_quantities_are_named_by_the_keys_that_vary():
    parts = [
        places(kind=kind, size=len(kind), unit=unit, value=2.0)
        for kind, unit in (("long", "cm"), ("x", "1"))
    ]
    made = Schema(("kind", "size"), (Value("value", unit_in="unit"),))
    found = schema.family("mine", pd.concat(parts), made, Quantities("value"))
    assert found.order == ("x", "long (cm)"), "the number decides the order, and adds no name"
    assert (found.name, found.label, found.noun) == ("mine_value", "value", "kind")
    logs = schema.family("mine", parts[0], made, Quantities("value", log=True, label="size"))
    assert logs.single
    assert np.allclose(logs.rows["value"], np.log10(2))


@dataclass(frozen=True)
class Owner(AbstractMetric):
    """A metric with sections of its own."""

    name = "owner"
    made: Any

    def measure(self, trajectory):
        raise NotImplementedError

    @property
    def columns(self):
        return {}

    def sections(self, report):
        return self.made(report)


def test_a_metric_adds_to_the_answer_and_may_fail_alone(fake_run):
    run = fake_run(networks=2, densities=(1.0, 0.1))

    def broken(report):
        raise KeyError("value")

    answer = Section(of_metrics.ANSWER, "Mine", ["It is so."])
    owners = {"motifs": Owner(lambda report: [answer]), "performance": Owner(broken)}
    report = Report(collect([run], owners))
    (first,) = named(report, ["answer"])
    assert first.lead[-1] == "It is so."
    (failed,) = named(report, ["metric-performance"])
    assert "KeyError" in failed.lead[0]


def test_the_terminal_shows_the_headline_of_each_condition(fake_run, capsys):
    rows = fake_run(conditions=(("moth", "a"), ("moth", "b")), networks=2).table("motifs")
    mine = Owner(lambda report: [])
    outcome._show_headlines(mine, rows)
    assert capsys.readouterr().out == ""

    def said(self, table):
        return Headline("Mine", ("rows",), [(f"{len(table)} [rows]",)], "One condition a row.")

    shown = type("Shown", (Owner,), {"headline": said})(None)
    outcome._show_headlines(shown, rows)
    out = capsys.readouterr().out
    assert out.count(f"{len(rows) // 2} [rows]") == 2
    assert "One condition a row." in out
    broken = type("Broken", (Owner,), {"headline": lambda self, table: 1 / 0})(None)
    outcome._show_headlines(broken, rows)
    assert "its `headline` raised ZeroDivisionError" in capsys.readouterr().err


def test_levels_of_one_density_have_a_row_each_in_the_terminal(fake_run):
    run = fake_run(networks=2, densities=(1.0, 0.1, 0.1))
    assert len(outcome._loss_table(run.table("levels")).rows) == 3


def test_metrics_of_one_label_are_told_apart(fake_run):
    run = fake_run(networks=2, densities=(1.0, 0.1))
    rows = run.table("levels")[["trial", "level", "density", "network"]].assign(size=1.0)
    run._tables |= {"one": [rows], "two": [rows]}
    measured = pd.concat([run.measurements().assign(metric=name) for name in ("one", "two")])
    run.measurements = lambda: measured
    labels = [family.label for family in collect([run]).families]
    assert labels == ["size", "size of two"]


def test_networks_of_two_architectures_are_not_pooled_in_the_terminal(fake_run):
    levels = fake_run(networks=4, densities=(1.0, 0.1)).table("levels")
    two = levels.assign(architecture=["mlp" if n < 2 else "cnn" for n in levels["network"]])
    table = outcome._loss_table(two)
    assert len(table.rows) == 4
    assert sorted(table.columns[0].cells) == ["cnn", "cnn", "mlp", "mlp"]
    assert len(outcome._loss_table(levels.drop(columns="architecture", errors="ignore")).rows) == 2


def test_cells_whose_interval_includes_zero_are_hatched(fake_run):
    report = Report(collect([fake_run(networks=8)]))
    z = next(one for one in report.data.families if one.label == "z")
    figure = of_metrics.heat_map(report, z)
    cells = figure.chart.data
    chance = cells["quantity"] == "chain3"  # drawn around a z of 0
    strong = (cells["quantity"] == "diverge2") & (cells["density"] < 0.3)
    assert cells.loc[chance, "unclear"].mean() > 0.8
    assert not cells.loc[strong, "unclear"].any()
    assert "Hatched" in figure.caption
    few = Report(collect([fake_run(networks=2)]))
    z = next(one for one in few.data.families if one.label == "z")
    assert of_metrics.heat_map(few, z).chart.data["unclear"].all()


def test_conditions_stand_by_family_below_its_name():
    names = ["synflow", "lamp", "obd", "random", "set", "magnitude", "shuffled", "snip"]
    when = ["init", "level", "level", "level", "during", "level", "level", "init"]
    trials = pd.DataFrame({"condition": names, "pruner": names, "when": when})
    families = families_of(trials)
    assert charts.grouped(families, names) == [
        *("by criterion", "lamp", "obd", "magnitude", "at initialisation", "synflow", "snip"),
        *("while training", "set", "control", "random", "shuffled"),
    ]
    assert charts.grouped(families, names[:3]) == ["lamp", "obd", "synflow"]
