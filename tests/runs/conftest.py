"""A tiny experiment, run once for all tests of run folders, and how its results are compared."""

import shutil
from pathlib import Path

import pytest

from harness.execution import workshop
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.training.trainer import Trainer

PLUGINS = Path(__file__).parents[1] / "plugins"
BASE = {
    "tasks": ["tiny"],
    "pruners": ["magnitude"],
    "schedules": ["tiny"],
    "metrics": ["edges"],
    "networks": 4,
    "block_width": 2,
}


@pytest.fixture(scope="session")
def offered():
    """All plugins, with those that fail."""
    names = ("small_tasks", "small_pruners", "failing")
    return loading.load([PLUGINS / f"{name}.py" for name in names])


@pytest.fixture(scope="session")
def compiled_once():
    """Trainers are shared by all these runs: they depend on their arguments only."""
    made = {}

    def shared(task, pruner, schedule, data, **settings):
        key = (task, pruner, schedule, *settings.values())
        if key not in made:
            made[key] = Trainer(task, pruner, schedule, data, **settings)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop, "Trainer", shared)
        yield


@pytest.fixture(scope="session")
def planned(offered):
    """The plan of an experiment: what differs from `BASE` is named."""
    return lambda **fields: plan(checked({**BASE, **fields}, source="test"), offered)


@pytest.fixture(scope="session")
def run(planned, compiled_once):
    """Run an experiment in a folder."""
    return lambda folder, **fields: Execution(planned(**fields), folder).run()


@pytest.fixture(scope="session")
def finished(run, tmp_path_factory):
    """The folder of a finished run of two trials. To be copied, not changed."""
    folder = tmp_path_factory.mktemp("finished")
    outcome = run(folder)
    assert (outcome.trained, outcome.measured, outcome.failures) == (2, 2, [])
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished run."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"
