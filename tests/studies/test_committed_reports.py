"""The tables in reports/, thinned: read as runs, and judged by the rules of replication."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from harness_plugins.studies import _pruners_answer as answer
from harness_plugins.studies import _pruners_tables as tables

from harness import UserError, cli, files, report, studies
from harness.results import thinned
from harness.testing import TinyTask

REPORTS = Path(__file__).parents[2] / "reports"
CONSTANT = 0.0454
"""As `harness rebuild pruners reports/pruners/runs --constant-loss` computes it from the task."""


def constant(task, data_seed):
    assert task["name"] == "motif-harness:moth"
    return CONSTANT


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The runs as older ones kept them, without the loss of the best constant."""
    kept = tmp_path_factory.mktemp("older")
    shutil.copytree(REPORTS / "pruners" / "runs", kept, dirs_exist_ok=True)
    for path in kept.glob("*/levels.parquet"):
        files.write_table(path, files.read_table(path).drop(columns="constant_loss"))
    return {name: thinned.ThinnedRun(kept / name) for name in ("pruners", "one-shot")}


@pytest.fixture(scope="module")
def floored(runs):
    return {name: thinned.ThinnedRun(run.path, constant) for name, run in runs.items()}


@pytest.fixture(scope="module")
def beside(runs):
    return tables.beside(tables.losses(runs))


def test_its_ten_networks_are_five_starts(runs, beside):
    units = tables.losses(runs).units
    assert str(units) == "starts, given these 2 data sets"
    assert units.warning
    assert set(beside["n"]) == {5}
    assert set(beside["attainable"]) == {0.0625}
    assert beside["p"].min() == beside["adjusted"].min() == 0.0625
    assert beside["low"].isna().all()


def test_some_pruners_gave_the_same_counts_under_both_data_seeds(runs):
    """Why the start is the unit: without data in the pruning, a network is there twice."""
    motifs = runs["pruners"].table("motifs")
    wide = motifs.pivot(
        index=["pruner", "network", "density", "motif"], columns="data_seed", values="count"
    )
    same = (wide[0] == wide[1]).groupby("pruner").all()
    assert set(same.index[same]) >= {"random", "matched-random", "shuffled", "synflow"}


def test_with_the_start_as_unit_two_differences_survive_a_t_test(runs, beside):
    """By Student's t over starts, Bonferroni over 22 comparisons: lamp and inverted, no other."""
    losses = tables.losses(runs).table.xs(tables.CHOSEN, axis=1, level="density")
    differences = losses.drop(columns="magnitude").sub(losses["magnitude"], axis=0)
    by_start = differences.groupby(level="network").mean()
    assert by_start.shape == (5, 22)
    p = scipy.stats.ttest_1samp(by_start, 0).pvalue * 22
    assert set(by_start.columns[p <= 0.05]) == {"lamp", "inverted"}
    chosen = beside[beside["density"] == tables.CHOSEN].set_index("pruner")["ratio"]
    np.testing.assert_allclose(chosen[by_start.columns], 10 ** by_start.mean())


def test_nothing_is_called_shown_that_five_starts_cannot_show(runs, beside):
    found = answer.losses(beside)
    assert "no difference of loss from `magnitude` is shown" in found.claim
    assert "n = 5 starts" in found.claim
    assert "0.0625" in found.claim
    judged = tables.judged(tables.losses(runs))
    verdicts = {tables.verdict(rows) for _, rows in judged.groupby("expectation")}
    assert verdicts == {"not shown: too few replicates for an interval"}


@pytest.mark.slow
def test_constant_predictors_are_left_out_whole(floored, beside):
    losses = tables.losses(floored)
    inverted = losses.table["inverted"].notna().any()
    assert set(inverted[inverted].index) == {0.36, 0.6}
    found = tables.beside(losses)
    assert "inverted" not in set(found.loc[found["density"] == tables.CHOSEN, "pruner"])
    kept = found.set_index(["pruner", "density"])["ratio"]
    before = beside.set_index(["pruner", "density"])["ratio"]
    pd.testing.assert_series_equal(kept, before.loc[kept.index], rtol=1e-9)
    (finding,) = report.left_out_findings([floored["pruners"]])
    assert "inverted at 78.4" in finding.claim
    assert "87\u00a0% pruned (10 of 10)" in finding.claim
    assert "lamp" not in finding.claim
    assert "inverted" not in set(tables.motifs(floored["pruners"])["pruner"])


@pytest.mark.slow
def test_the_page_is_written_anew_from_the_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "constant_losses", lambda registry: constant)
    kept = REPORTS / "pruners" / "runs"
    with pytest.raises(SystemExit, match=r"^0$"):
        cli.main(["rebuild", "pruners", str(kept), "--out", str(tmp_path), "--constant-loss"])
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "starts, given these 2 data sets" in text
    assert "Left out of ranks" in text
    ranks = pd.read_csv(tmp_path / "tables" / "ranks.csv")
    assert set(ranks["n"]) == {5}
    assert set(ranks["networks"]) == {10}


def test_the_constant_loss_is_that_of_the_task_and_data_seed(registry):
    task = TinyTask(rows=40)
    for seed in (0, 1):
        data = task.data(seed=seed)
        found = studies.constant_losses(registry)({"name": "tiny", "rows": 40}, seed)
        assert found == pytest.approx(task.constant_loss(data.train, data.validation))


def test_tables_of_before_name_parameters_that_are_the_architectures_now(registry):
    losses = studies.constant_losses(registry)
    assert losses({"name": "digits", "sizes": [8]}, 0) == losses({"name": "digits"}, 0)


def test_tables_are_those_that_were_kept(runs):
    run = runs["pruners"]
    motifs = run.table("motifs")
    assert len(motifs) == 25740
    assert motifs[["level", "trial", "order"]].notna().all(axis=None)
    sd = (motifs["count"] - motifs["expected"]) / motifs["z"]
    np.testing.assert_allclose(motifs["sd"], sd)
    assert set(run.trials()["status"]) == {"done"}
    assert len(run.trials()) == 22 * 2 * 3
    with pytest.raises(UserError, match="no masks"):
        run.masks("trial", 1)
    with pytest.raises(UserError, match="no table 'sampled'"):
        run.table("sampled")
    with pytest.raises(UserError, match=r"needs experiment\.toml"):
        thinned.ThinnedRun(REPORTS)
