"""Metrics taken of a run that is trained already."""

import shutil

import pandas as pd
import pytest
from comparing import files_of

import harness
from harness import UserError, api, open_run
from harness.execution.scheduler import Execution
from harness.training.trainer import Trainer


@pytest.fixture
def no_training(monkeypatch):
    def forbidden(*arguments, **keywords):
        raise AssertionError("nothing is to be trained")

    monkeypatch.setattr(Trainer, "chunk", forbidden)


@pytest.fixture
def measured(offered, compiled_once):
    """Take metrics of a run folder."""

    def go(folder, *metrics):
        return Execution(api.of_run(folder, metrics, offered), folder, train=False).run()

    return go


def test_a_metric_is_added_beside_those_there(measured, run, folder, finished, no_training):
    before = files_of(folder / "trials")
    outcome = measured(folder, "performance")
    assert (outcome.trained, outcome.measured, outcome.untrained, outcome.failures) == (0, 2, 0, [])
    opened = open_run(folder)
    assert set(opened.measurements()["metric"]) == {"edges", "performance"}
    assert (opened.measurements()["status"] == "done").all()
    assert len(opened.table("performance"))
    pd.testing.assert_frame_equal(opened.table("edges"), open_run(finished).table("edges"))
    kept = {path: file for path, file in before.items() if path.name != "trial.json"}
    assert kept.items() <= files_of(folder / "trials").items()
    assert measured(folder, "performance").nothing_to_do
    # The run's own command knows of it, and asks for nothing more.
    assert run(folder).nothing_to_do
    assert set(open_run(folder).measurements()["metric"]) == {"edges", "performance"}


def test_it_is_as_if_it_had_been_asked_for_at_once(measured, run, folder, tmp_path, no_training):
    measured(folder, "motifs[orders=[2]]")
    with pytest.MonkeyPatch.context() as patch:
        patch.undo()
        table = open_run(folder).table("motifs")
    assert table["metric"].unique().tolist() == ["motifs[orders=[2]]"]
    assert set(table["network"]) == {0, 1, 2, 3}


def test_what_is_not_trained_is_left_and_told(measured, run, folder):
    gone = open_run(folder).trials()["trial"].iloc[1]
    shutil.rmtree(folder / "trials" / gone)
    outcome = measured(folder, "performance")
    assert (outcome.trained, outcome.measured, outcome.untrained) == (0, 1, 1)
    assert open_run(folder).trials()["status"].tolist() == ["done", "pending"]


def test_a_run_whose_plugins_have_changed_is_measured_as_it_is(
    measured, folder, monkeypatch, no_training
):
    # As if the version of the harness decided something else by now: every key would be another.
    before = open_run(folder).trials()
    monkeypatch.setattr("harness.experiment.trial.RESULT_VERSION", -1)
    outcome = measured(folder, "performance")
    assert (outcome.measured, outcome.failures) == (2, [])
    assert "has changed since this run was trained" in outcome.notes[0]
    pd.testing.assert_frame_equal(open_run(folder).trials(), before)
    assert set(open_run(folder).table("performance")["trial"]) == set(before["trial"])


def test_a_split_trial_is_measured_in_its_halves(measured, run, tmp_path, monkeypatch):
    import jax

    chunk = Trainer.chunk

    def limited(self, state, *arguments, **keywords):
        if state.active.shape[0] > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return chunk(self, state, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "chunk", limited)
        run(tmp_path, block_width=4)
    keys = open_run(tmp_path).trials()["trial"].tolist()
    monkeypatch.setattr("harness.experiment.trial.RESULT_VERSION", -1)
    assert measured(tmp_path, "performance").measured == 2
    assert open_run(tmp_path).trials()["trial"].tolist() == keys


@pytest.mark.slow
def test_from_python(folder, tmp_path, monkeypatch, no_training):
    plugins = [__file__.replace("runs/test_measuring.py", f"plugins/{name}.py")
               for name in ("small_tasks", "small_pruners", "failing")]  # fmt: skip
    opened = harness.measure(folder, "performance", plugins=plugins)
    assert len(opened.table("performance"))
    assert (folder / "report" / "index.html").is_file()
    with pytest.raises(RuntimeError, match="this metric <b>raises</b>"):
        harness.measure(folder, ["raising"], plugins=plugins)


def test_what_cannot_be_measured(measured, tmp_path):
    with pytest.raises(UserError, match="not a run folder"):
        measured(tmp_path, "performance")
