"""Run folders that earlier versions of the harness wrote can be read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import open_run
from harness.cli import main
from harness.report import build
from harness.results.records import FORMAT, READABLE

DATA = Path(__file__).parents[1] / "data"


def test_there_is_a_run_of_every_earlier_format():
    assert {f"run-format-{number}" for number in READABLE if number != FORMAT} == {
        path.name for path in DATA.iterdir() if path.name.startswith("run-format-")
    }


@pytest.fixture
def first(tmp_path):
    """A run written at commit 93ee484, of format 1: magnitude and random, two networks each."""
    shutil.copytree(DATA / "run-format-1", tmp_path / "run")
    return tmp_path / "run"


def test_format_1_is_read_whole(first):
    run = open_run(first)
    assert run.trials()["status"].tolist() == ["done", "done"]
    assert run.trials()["made_with"].tolist() == ["", ""]
    assert run.trials()["when"].isna().all()
    assert (run.measurements()["status"] == "done").all()
    assert run.tables() == ["levels", "motifs", "performance", "timings", "training"]
    levels = run.table("levels")
    assert len(levels) == 2 * 2 * 4
    loss = levels.set_index(["pruner", "network", "level"])["validation_loss"]
    assert loss["magnitude", 0, 3] == pytest.approx(0.17294139, rel=1e-6)
    whole = run.table("motifs").query("base_layer == -1 and support == 'all' and motif == 'chain2'")
    assert len(whole) == 16
    for trial in run.trials()["trial"]:
        for level, density in enumerate((1.0, 0.6, 0.3, 0.125)):
            masks = run.masks(trial, level)
            kept = sum(mask.sum(axis=(1, 2)) for mask in masks.values())
            np.testing.assert_array_equal(kept, round(density * 96))
    assert set(run.table("motifs").columns) == set(run.columns["motifs"])


@pytest.mark.slow
def test_format_1_is_reported(first, tmp_path):
    page = build([open_run(first)], tmp_path / "report").read_text("utf-8")
    assert "2 networks in each of 2 conditions" in page
    assert "on from level to level" in page
    assert "the run does not record it" in page


@pytest.fixture
def second(tmp_path):
    """A run written at commit 1d3c3c3, of format 2, as above; it calls a trial a cell."""
    shutil.copytree(DATA / "run-format-2", tmp_path / "run")
    return tmp_path / "run"


def test_format_2_is_read_in_the_words_of_today(second):
    run = open_run(second)
    assert run.trials()["status"].tolist() == ["done", "done"]
    assert (run.measurements()["status"] == "done").all()
    assert set(run.measurements()["trial"]) == set(run.trials()["trial"])
    assert run.tables() == [
        *("levels", "memory", "motifs", "performance", "sampled", "timings", "training"),
    ]
    for name in run.tables():
        assert set(run.table(name).columns) == set(run.columns[name])
        assert "cell" not in run.columns[name]
        assert set(run.table(name)["trial"]) == set(run.trials()["trial"])
    for trial in run.trials()["trial"]:
        kept = sum(mask.sum(axis=(1, 2)) for mask in run.masks(trial, 3).values())
        np.testing.assert_array_equal(kept, 12)
    assert run.cells().rename(columns={"cell": "trial"}).equals(run.trials())


@pytest.mark.slow
def test_a_run_of_format_2_is_measured_again_and_stays_whole(second):
    before = open_run(second).table("motifs")
    small = str(Path(__file__).parents[1] / "plugins" / "small_tasks.py")
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["measure", str(second), "--plugin", small, "--metric", "sampled[draws=7]"])
    run = open_run(second)
    assert run.table("motifs").equals(before)
    assert (run.measurements()["status"] == "done").all()
    assert len(run.measurements()) == 2 * 4
    assert run.table("sampled")["trial"].isin(run.trials()["trial"]).all()


def test_a_format_to_come_is_refused_with_all_numbers(first):
    index = json.loads((first / "run.json").read_text()) | {"format": FORMAT + 1}
    (first / "run.json").write_text(json.dumps(index))
    with pytest.raises(
        Exception, match=f"run format {FORMAT + 1}; this harness reads 1 and 2 and 3"
    ):
        open_run(first)
