"""Tasks with architectures: which pairs an experiment has, and how files of old name them."""

import pytest

from harness import UserError
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan

BASE = {"tasks": ["tiny"], "pruners": ["magnitude"], "schedules": ["tiny"], "networks": 2}


@pytest.fixture
def planned(registry):
    return lambda **fields: plan(checked({**BASE, **fields}, source="test"), registry)


def labels(made):
    return [(task.label, architecture.label) for task, architecture in made.pairs]


def test_a_task_has_its_own_architecture_unless_others_are_named(planned):
    assert labels(planned(tasks=["digits"])) == [("digits", "mlp[sizes=[32, 16]]")]
    both = planned(tasks=["digits", "tiny"], architectures=["mlp[sizes=[4]|[5]]", "tiny"])
    names = ("mlp[sizes=[4]]", "mlp[sizes=[5]]", "tiny")
    assert labels(both) == [(task, name) for task in ("digits", "tiny") for name in names]
    assert len(both.trials) == len({trial.key for trial in both.trials}) == 6


def test_the_bare_name_of_a_tasks_own_architecture_has_the_tasks_parameters(planned):
    made = planned(tasks=["digits", "moth[flights=200]"], architectures=["mlp|rnn"])
    expected = [
        ("digits", "mlp[sizes=[32, 16]]"),
        ("digits", "rnn"),
        ("moth[flights=200]", "mlp"),
        ("moth[flights=200]", "rnn"),
    ]
    assert labels(made) == expected
    again = planned(**{name: made.resolved()[name] for name in ("tasks", "architectures")})
    assert labels(again) == expected
    assert [one.key for one in again.trials] == [one.key for one in made.trials]
    full = planned(tasks=["digits"], architectures=["mlp[sizes=[400, 400, 400, 16]]"])
    assert labels(full) == [("digits", "mlp")]


def test_parameters_that_were_a_tasks_are_its_architectures(planned):
    """As in experiment files and commands from before architectures were plugins."""
    old = planned(tasks=["digits[sizes=[8], initial_scale=0.1]"])
    assert labels(old) == [("digits", "mlp[sizes=[8], initial_scale=0.1]")]
    table = {"name": "motif-harness:digits", "sizes": [8], "activation": "tanh",
             "initial_scale": 0.1, "prune_biases": False}  # fmt: skip
    assert labels(planned(tasks=[table])) == labels(old)
    grid = planned(tasks=["moth[flights=200, sizes=[4]|[5]]"])
    assert [one for _, one in labels(grid)] == ["mlp[sizes=[4]]", "mlp[sizes=[5]]"]


def test_the_resolved_experiment_is_read_as_the_same(planned):
    for fields in (
        {"tasks": ["digits[sizes=[8]]", "tiny"]},
        {"tasks": ["digits", "tiny"], "architectures": ["mlp[sizes=[4]]", "tiny"]},
    ):
        once = planned(**fields)
        again = planned(**once.resolved())
        assert labels(again) == labels(once)
        assert [trial.key for trial in again.trials] == [trial.key for trial in once.trials]
        assert again.name == once.name


def test_an_architecture_is_named_once(planned):
    with pytest.raises(UserError, match="task 'digits' names an architecture of its own"):
        planned(tasks=["digits[sizes=[8]]"], architectures=["tiny"])
    with pytest.raises(UserError, match="unknown architecture 'mpl'"):
        planned(architectures=["mpl"])
    with pytest.raises(UserError, match="'digits': unknown parameter 'depth'"):
        planned(tasks=["digits[depth=3]"])


def test_what_does_not_fit_is_skipped_with_its_reason(planned):
    made = planned(tasks=["tiny", "small-recurrence"], architectures=["mlp", "small-recurrence"])
    reasons = {(c.task.name, c.architecture.name): c.reason_to_skip for c in made.trials}
    assert reasons["tiny", "mlp"] is None
    assert reasons["small-recurrence", "small-recurrence"] is None
    assert reasons["tiny", "small-recurrence"] == (
        "architecture 'small-recurrence' takes sequence inputs, and those of task 'tiny' are of "
        "kind vector"
    )
    assert "takes vector inputs" in reasons["small-recurrence", "mlp"]


@pytest.mark.slow
def test_tables_say_the_architecture(planned, tmp_path):
    made = planned(architectures=["tiny[hidden=4]", "tiny[hidden=5]"], metrics=["motifs"])
    assert not Execution(made, tmp_path).run().failures
    from harness import open_run

    run = open_run(tmp_path)
    for name in ("levels", "motifs", "training"):
        assert set(run.table(name)["architecture"]) == {"tiny[hidden=4]", "tiny[hidden=5]"}
    kept = run.table("levels").groupby("architecture")["network"].nunique()
    assert kept.tolist() == [2, 2]
