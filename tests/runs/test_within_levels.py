"""What is kept of steps within a level: snapshots, and what pruners say of their prunings."""

import itertools
import shutil
import signal

import numpy as np
import pandas as pd
import pytest

from harness import UserError, open_run, progress
from harness.execution import trial_training
from harness.execution.measuring import trajectory
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.results import snapshot
from harness.results.records import trial_folder

from .conftest import PLUGINS

PRUNERS = ["magnitude", "rigl[every=4]", "regrowing"]
ALL = [*PRUNERS, "random"]  # it shares the dense level of magnitude
FIELDS = {"tasks": ["tiny"], "pruners": ALL, "metrics": [], "networks": 2, "block_width": 2}


@pytest.fixture(scope="module")
def offered():
    names = ("small_tasks", "small_pruners", "within_levels")
    return loading.load([PLUGINS / f"{name}.py" for name in names])


@pytest.fixture(scope="module")
def planned(offered):
    return lambda schedule, **fields: plan(
        checked({**FIELDS, "schedules": [schedule], **fields}, source="test"), offered
    )


@pytest.fixture(scope="module")
def kept(planned, compiled_once, tmp_path_factory):
    """A run that keeps snapshots."""
    folder = tmp_path_factory.mktemp("kept")
    assert Execution(planned("within"), folder).run().failures == []
    return folder


def by_pruner(folder):
    return open_run(folder).trials().set_index("pruner")["trial"].to_dict()


def test_training_has_the_same_bits_with_snapshots_and_without(planned, kept, tmp_path):
    assert Execution(planned("within[kept=False]"), tmp_path).run().failures == []
    with_them, without = by_pruner(kept), by_pruner(tmp_path)
    for pruner, level in itertools.product(without, range(3)):
        one, other = (
            snapshot.load(snapshot.level_path(trial_folder(folder, keys[pruner]), level))
            for folder, keys in ((kept, with_them), (tmp_path, without))
        )
        for name in one.weights:
            np.testing.assert_array_equal(one.weights[name], other.weights[name])
        np.testing.assert_array_equal(one.curve, other.curve)
        np.testing.assert_array_equal(one.curve_steps, other.curve_steps)
        assert one.diagnostics.keys() == other.diagnostics.keys()


def test_a_snapshot_is_what_training_to_that_step_gives(planned, kept):
    run, made = open_run(kept), planned("within")
    for trial in made.trials:
        found = trajectory(trial, trial_folder(kept, trial.key), lambda: None)
        assert [found.steps(level) for level in range(3)] == [(5, 11), (0, 13, 40), ()]
    (trial,) = (one for one in made.trials if one.pruning.label == "magnitude")
    found = trajectory(trial, trial_folder(kept, trial.key), lambda: None)
    # Pruned at the step 0, trained at all steps after it; the last is the end of the level.
    start, later, end = (found.snapshot(1, step) for step in (0, 13, 40))
    level = found.snapshot(1)
    for name, mask in level.masks.items():
        for one in (start, later, end):
            np.testing.assert_array_equal(one.masks[name], mask)
        np.testing.assert_array_equal(end.weights[name], level.weights[name])
        np.testing.assert_array_equal(run.masks(trial.key, 1, step=13)[name], mask)
        dense = np.where(mask, found.snapshot(0).weights[name], 0)
        np.testing.assert_array_equal(start.weights[name], dense)
        assert not np.array_equal(later.weights[name], start.weights[name])
    norms = found.vectorised(lambda network, masks: abs(network.first).sum())
    assert norms(1, 13) == pytest.approx(abs(later.weights["first"]).sum(axis=(1, 2)))
    assert found.graph(1, step=0).adjacency[0].shape == (2, 5, 12)
    with pytest.raises(UserError, match=r"step 7 is not kept. Steps kept: 0, 13, 40\."):
        run.masks(trial.key, 1, step=7)


def test_networks_that_stop_early_are_kept_as_they_stopped(planned, compiled_once, tmp_path):
    made = planned("within[stops=True]", pruners=["magnitude"])
    assert Execution(made, tmp_path).run().failures == []
    (trial,) = made.trials
    found = trajectory(trial, trial_folder(tmp_path, trial.key), lambda: None)
    assert found.snapshot(1).figures["steps"].tolist() == [20, 20]
    for name, weights in found.snapshot(1).weights.items():
        np.testing.assert_array_equal(found.snapshot(1, 40).weights[name], weights)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_an_interrupted_trial_goes_on_with_the_same_bits(
    planned, kept, tmp_path, monkeypatch, pruner
):
    monkeypatch.setattr(trial_training, "CHUNK", 9)
    monkeypatch.setattr(trial_training, "CHECKPOINT_SECONDS", 0.0)
    made = planned("within", pruners=[pruner])
    for stop in (2, 7, 4):
        looks = itertools.count(1)

        def listen(update, looks=looks, stop=stop):
            if update.activity == "training" and next(looks) == stop:
                signal.raise_signal(signal.SIGINT)

        with progress.listening(listen), pytest.raises(KeyboardInterrupt):
            Execution(made, tmp_path).run()
    assert Execution(made, tmp_path).run().failures == []
    (trial,) = made.trials
    again, whole = (trial_folder(folder, trial.key) for folder in (tmp_path, kept))
    steps = sorted(path.name for path in whole.glob("level-*-step-*"))
    assert len(steps) == 5
    for name in steps:
        assert (again / name).read_bytes() == (whole / name).read_bytes()
    last = [snapshot.load(snapshot.level_path(folder, 2)) for folder in (again, whole)]
    np.testing.assert_array_equal(*(one.weights["first"] for one in last))
    if last[0].diagnostics:
        tables = [open_run(folder).table("diagnostics") for folder in (tmp_path, kept)]
        pd.testing.assert_frame_equal(*tables)


def test_a_damaged_snapshot_is_made_again(kept, planned, tmp_path):
    shutil.copytree(kept, tmp_path / "run")
    key = by_pruner(kept)["magnitude"]
    path = trial_folder(tmp_path / "run", key) / "level-01-step-000013.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    outcome = Execution(planned("within"), tmp_path / "run").run()
    assert (outcome.trained, outcome.already_trained) == (1, 3)
    assert path.read_bytes() == whole


def test_what_pruners_say_of_their_prunings_is_a_table(kept):
    run = open_run(kept)
    table = run.table("diagnostics")
    assert set(table.columns) == set(run.columns["diagnostics"])
    assert set(table["pruner"]) == {"rigl[every=4]"}
    assert set(table["diagnostic"]) == {"regrown"}
    assert table["meaning"].unique().tolist() == [
        "weights that grew in place of others, over all layers"
    ]
    # Each density has a training of its own: 80 and 120 steps with an event at every fourth.
    counted = table.groupby(["level", "network"])["step"].agg(list)
    assert counted[1, 0] == list(range(0, 80, 4))
    assert counted[2, 1] == list(range(0, 120, 4))
    values = table.set_index(["level", "network", "step"])["value"]
    assert (values.xs(0, level="step") == 0).all()  # the sparse start
    # 30 % of 30 and of 18 weights at first, rounded down: by Erdős-Rényi 48 are divided unevenly.
    assert values[1, 0, 4] in range(11, 15)
    assert values[1, 0, 76] == 0


def test_no_table_of_what_nobody_says(planned, compiled_once, tmp_path):
    assert Execution(planned("within", pruners=["magnitude"]), tmp_path).run().failures == []
    assert "diagnostics" not in open_run(tmp_path).tables()
