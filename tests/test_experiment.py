"""Experiments: their product, their blocks, their keys, and being written and read again."""

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import ClassVar

import hypothesis.strategies as st
import jax
import pytest
import tomli_w
from hypothesis import given

from harness import AbstractArchitecture, AbstractPruner, UserError
from harness.experiment.choice import Choice, metric_identity
from harness.experiment.config import Experiment, checked, read
from harness.experiment.factors import Pruning
from harness.experiment.plan import block_width, plan
from harness.experiment.trial import levels_of
from harness.machine.devices import used
from harness.plugin import loading
from harness.testing import TinyArchitecture, TinySchedule

ASKED = {
    "tasks": ["tiny[rows=40]"],
    "pruners": ["magnitude"],
    "schedules": ["tiny"],
    "metrics": ["performance"],
    "networks": 4,
    "block_width": 4,
}


@pytest.fixture
def make(registry):
    """The plan of ASKED, with changes."""
    return lambda **changes: plan(checked({**ASKED, **changes}, source="test"), registry)


def keys(made):
    return [trial.key for trial in made.trials]


@pytest.mark.parametrize(
    ("networks", "width"),
    [(1, 1), (2, 2), (7, 1), (8, 2), (9, 1), (400, 2)],
)
def test_default_width(networks, width):
    assert block_width(networks, 331_735) == width


@given(networks=st.integers(1, 10**6), devices=st.integers(1, 64))
def test_default_width_keeps_all_cores_at_work(networks, devices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "local_device_count", lambda: devices)
        width = block_width(networks, 10**12)  # a step's own time is nothing beside it
    assert 1 <= width <= min(2 * devices, networks)
    rounds = math.ceil(networks / width) * (width // used(width, devices))
    # No more than as if each block had one network for each core, the last block fewer.
    assert rounds <= math.ceil(networks / min(devices, networks))


def test_everything_asked_for_is_multiplied(make):
    made = make(
        tasks=["tiny[rows=40|60]"],
        pruners=["magnitude[scope=layer|global]", "random", {"name": "at-start"}],
        schedules=["tiny", "tiny[steps=3]"],
        data_seeds=[0, 5],
        networks=10,
        block_width=5,
    )
    assert len(made.trials) == 2 * 4 * 2 * 2 * 2 == len(set(keys(made)))
    conditions = [(*list(trial.condition.values())[1:], trial.networks) for trial in made.trials]
    assert len(set(conditions)) == len(conditions)
    labels = ("tiny[rows=60]", "tiny", "magnitude[scope=global]", "tiny[steps=3]")
    assert (*labels, 5, (5, 6, 7, 8, 9)) in conditions


def test_tasks_of_one_opinion_choose_the_schedule(registry):
    def schedules(**asked):
        return [
            one.label
            for one in plan(
                checked({"pruners": ["random"], **asked}, source="test"), registry
            ).schedules
        ]

    assert schedules(tasks=["digits"]) == ["quick[effort=0.5]"]
    assert schedules(tasks=["digits", "digits[images=true]"]) == ["quick[effort=0.5]"]
    assert schedules(tasks=["digits", "moth"]) == schedules(tasks=["moth"]) == ["quick"]
    assert schedules(tasks=["digits"], schedules=["quick"]) == ["quick"]


def test_what_is_asked_twice_is_done_once(make):
    once = make()
    again = make(
        tasks=["tiny[rows=40]", {"name": "tiny", "rows": 40}],
        pruners=["magnitude", "magnitude[scope=layer]", "motif-harness:magnitude"],
        metrics=["performance", "performance[rows=4096]"],
    )
    assert keys(again) == keys(once)
    assert len(again.metrics) == 1


def test_a_data_seed_asked_twice_is_used_once(make):
    assert keys(make(data_seeds=[3, 3])) == keys(make(data_seeds=[3]))


def test_blocks_cover_the_networks(make):
    trials = make(networks=10, block_width=4).trials
    assert [trial.networks for trial in trials] == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)]


def test_more_networks_extend_fewer(make):
    few, many = make(networks=8), make(networks=16)
    assert keys(many)[: len(keys(few))] == keys(few)
    assert few.name == many.name


CHANGES = {
    "seed": {"seed": 1},
    "data seed": {"data_seeds": [1]},
    "batch seed": {"batch_seed": 1},
    "task": {"tasks": ["small-recurrence"]},
    "task parameter": {"tasks": ["tiny[rows=60]"]},
    "pruner": {"pruners": ["random"]},
    "pruner parameter": {"pruners": ["magnitude[scope=global]"]},
    "schedule parameter": {"schedules": ["tiny[steps=21]"]},
    "width": {"block_width": 2},
    "weights kept": {"keep_weights": False},
}


@pytest.mark.slow
@pytest.mark.parametrize("determinant", CHANGES)
def test_key_changes_with_all_that_determines_the_result(make, determinant):
    assert keys(make())[0] not in keys(make(**CHANGES[determinant]))


@pytest.mark.parametrize("part", ["task", "architecture", "pruner", "intervention", "schedule"])
def test_key_changes_with_the_source_of_a_plugin(make, part):
    *_, trial = make(pruners=["shuffled"]).trials
    pruning = trial.pruning
    if part == "pruner":
        edited = {"pruner": dataclasses.replace(pruning.pruner, source="another")}
    elif part == "intervention":
        (change,) = pruning.interventions
        edited = {"interventions": (dataclasses.replace(change, source="another"),)}
    else:
        edited = {}
        trial_part = dataclasses.replace(getattr(trial, part), source="another")
        assert dataclasses.replace(trial, **{part: trial_part}).key != trial.key
    if edited:
        other = dataclasses.replace(pruning, **edited)
        assert dataclasses.replace(trial, pruning=other).key != trial.key


def test_source_is_that_of_the_file(tmp_path):
    path = tmp_path / "mine.py"
    text = (
        "from dataclasses import dataclass\nfrom harness import hookimpl\n"
        "from harness.testing import TinyTask\n\n\n@dataclass(frozen=True)\n"
        "class Mine(TinyTask):\n    '''Mine.'''\n    name = 'mine'\n    architecture = 'mlp'\n\n\n"
        "@hookimpl\ndef register_tasks():\n    return [Mine]\n"
    )
    found = []
    for change in ("", "# changed\n"):
        path.write_text(text + change)
        registry = loading.load([path])
        asked = {"tasks": ["mine"], "pruners": ["magnitude"], "networks": 1}
        found += keys(plan(checked(asked, source="test"), registry))
    assert len(set(found)) == 2


def test_key_does_not_depend_on_what_else_is_asked(make):
    everything = {
        "tasks": ["tiny[rows=40]", "small-recurrence"],
        "pruners": ["magnitude", "random"],
        "data_seeds": [0, 1],
        "schedules": ["tiny", "quick"],
    }
    turned = {name: list(reversed(asked)) for name, asked in everything.items()}
    one, other = make(**everything), make(**turned, metrics=["motifs"])
    assert keys(one) != keys(other)
    assert set(keys(one)) == set(keys(other))
    assert keys(make())[0] in keys(one)


def test_key_does_not_depend_on_how_a_value_was_written(make):
    assert keys(make(tasks=[{"name": "tiny", "rows": 40}])) == keys(make())
    assert keys(make(pruners=["magnitude[scope=layer]"])) == keys(make())


@pytest.mark.slow
def test_name_of_the_folder_follows_the_experiment(make):
    assert make().name.startswith("tiny-magnitude-tiny-")
    same = [make(networks=7), make(metrics=["motifs"]), make(block_width=2)]
    assert {made.name for made in same} == {make().name}
    names = {make(**change).name for change in CHANGES.values() if "block_width" not in change}
    assert len(names) == len(CHANGES) - 1
    assert make().name not in names


def test_metrics_are_told_apart_by_their_parameters(make):
    made = make(metrics=["performance", "performance[rows=10]", "motifs"])
    identities = [str(metric_identity(choice)) for choice in made.metrics]
    assert len(set(identities)) == 3
    assert [choice.label for choice in made.metrics][1] == "performance[rows=10]"


@dataclass(frozen=True)
class Needy(AbstractPruner):
    """Needs what not every task has."""

    name: ClassVar[str] = "needy"
    when: ClassVar[str] = "level"
    needs: ClassVar[frozenset[str]] = frozenset({"linear", "activations"})

    def step(self, evidence, target, state, *, key):
        raise NotImplementedError


@dataclass(frozen=True)
class Never(AbstractPruner):
    """Acts during training, but at no step."""

    name: ClassVar[str] = "never"
    when: ClassVar[str] = "during"

    def step(self, evidence, target, state, *, key):
        raise NotImplementedError


@dataclass(frozen=True)
class Bare(TinyArchitecture):
    """The tiny architecture, but it offers nothing."""

    name: ClassVar[str] = "bare"
    offers: ClassVar[frozenset[str]] = frozenset()


def with_plugins(trial, architecture: AbstractArchitecture, pruner: AbstractPruner):
    return dataclasses.replace(
        trial,
        architecture=Choice("architecture", architecture.name, "test", architecture, ""),
        pruning=Pruning(Choice("pruner", pruner.name, "test", pruner, "")),
    )


def test_senseless_combinations_are_skipped_with_their_reason(make):
    (trial,) = make().trials
    assert trial.reason_to_skip is None
    lacking = with_plugins(trial, Bare(), Needy()).reason_to_skip
    assert lacking == "pruner 'needy' needs activations, linear of architecture 'bare'"
    assert with_plugins(trial, TinyArchitecture(), Needy()).reason_to_skip is None
    assert "not positive" in with_plugins(trial, TinyArchitecture(), Never()).reason_to_skip


def test_levels_at_initialisation_train_from_the_start(registry):
    steps = {
        name: levels_of(TinySchedule(steps=5), registry.find("pruner", name).factory())
        for name in ("magnitude", "at-start", "regrowing")
    }
    assert steps == {
        "magnitude": [5, 5, 5, 5],
        "at-start": [5, 10, 15, 20],
        "regrowing": [5, 5, 5, 5],
    }


def test_levels_that_train_again_take_what_the_first_had_left(registry, make):
    schedule, (trial,) = TinySchedule(steps=5), make(schedules=["tiny[steps=5]"]).trials
    lottery = registry.find("pruner", "lottery").factory
    inverted = registry.find("pruner", "inverted").factory
    plain, full = lottery(rewind_step=2), lottery(rewind_step=2, retrain="full")
    assert levels_of(schedule, plain) == [5, 5, 5, 5]
    assert levels_of(schedule, full) == levels_of(schedule, inverted(of=full)) == [5, 3, 3, 3]
    assert levels_of(schedule, lottery(retrain="full")) == [5, 5, 5, 5]
    late = {retrain: lottery(rewind_step=5, retrain=retrain) for retrain in ("level", "full")}
    reasons = {
        name: with_plugins(trial, TinyArchitecture(), late[name]).reason_to_skip for name in late
    }
    assert reasons["level"] is None
    assert reasons["full"] == (
        "pruner 'lottery' rewinds to step 5, but the first level of schedule 'tiny' has 5"
    )


def test_resolved_experiment_is_read_as_the_same(make, registry, tmp_path):
    made = make(
        pruners=["magnitude[scope=layer|global]", "regrowing[every=3]"],
        schedules=["tiny", "published[eps=1e-8]"],
        metrics=["motifs[orders=[2]]", "performance"],
        data_seeds=[2, 1],
        networks=10,
        seed=3,
        keep_weights=False,
    )
    path = tmp_path / "experiment.toml"
    path.write_text(tomli_w.dumps(made.resolved()))
    again = plan(read(path), registry)
    assert keys(again) == keys(made)
    assert again.resolved() == made.resolved()
    assert [choice.label for choice in again.metrics] == [choice.label for choice in made.metrics]
    assert again.name == made.name
    assert "owner" not in path.read_text()


def test_resolved_experiment_is_complete(make):
    resolved = make(block_width=2).resolved()
    assert resolved["block_width"] == 2
    assert resolved["pruners"] == [{"name": "motif-harness:magnitude", "scope": "layer"}]
    assert resolved.keys() == Experiment.model_fields.keys()


def test_resolved_experiment_is_the_same_from_json(make):
    """Else a run folder, which keeps it as JSON, would be taken for that of another experiment."""
    resolved = make(data_seeds=[1, 2], metrics=["motifs[orders=[2]]"]).resolved()
    assert json.loads(json.dumps(resolved)) == resolved


def test_a_parameter_without_value_can_be_written_and_read(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import dataclass\nfrom harness import hookimpl\n"
        "from harness.testing import TinyTask\n\n\n@dataclass(frozen=True)\n"
        "class Mine(TinyTask):\n    '''Mine.'''\n    name = 'mine'\n    architecture = 'mlp'\n"
        "    limit: int | None = None\n"
        "\n\n@hookimpl\ndef register_tasks():\n    return [Mine]\n"
    )
    registry = loading.load([path])
    made = plan(checked({"tasks": ["mine"], "pruners": ["random"]}, source="test"), registry)
    (tmp_path / "experiment.toml").write_text(tomli_w.dumps(made.resolved()))
    assert keys(plan(read(tmp_path / "experiment.toml"), registry)) == keys(made)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"network": 3}, "unknown key 'network'. Did you mean 'networks'? Known: architectures, "),
        ({"networks": 0}, "networks = 0: Input should be greater than or equal to 1"),
        ({"networks": "many"}, "networks = 'many': Input should be a valid integer"),
        ({"networks": 1.5}, "networks = 1.5: Input should be a valid integer"),
        ({"seed": -1}, "seed = -1: "),
        ({"seed": 2**31}, f"seed = {2**31}: "),
        ({"data_seeds": []}, "data_seeds = []: "),
        ({"data_seeds": [0, "x"]}, "data_seeds.1 = 'x': "),
        ({"data_seeds": [-1]}, "data_seeds.0 = -1: "),
        ({"data_seeds": [2**31]}, f"data_seeds.0 = {2**31}: "),
        ({"block_width": 0}, "block_width = 0: "),
        ({"tasks": []}, "tasks = []: "),
        ({"pruners": "magnitude"}, "pruners = 'magnitude': "),
    ],
)
def test_wrong_field_is_named_with_its_place(change, problem):
    with pytest.raises(UserError) as error:
        checked({**ASKED, **change}, source="'file.toml'")
    assert str(error.value).startswith("'file.toml': ")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"tasks": ["tinny"]}, "unknown task 'tinny'. Did you mean 'tiny'?"),
        ({"pruners": [{"scope": "layer"}]}, "a pruner table needs `name`"),
        ({"tasks": [{"name": "tiny", "architecture": 1.5}]}, "architecture = 1.5: give its name"),
        (
            {"tasks": [{"name": "tiny", "architecture": "mlp|cnn"}]},
            "task 'tiny': architecture = 'mlp|cnn' names 2 architectures",
        ),
        ({"pruners": [{"name": "magnitude", "scop": "layer"}]}, "Did you mean 'scope'?"),
        ({"schedules": ["tiny[steps=0]"]}, "schedule 'tiny': steps = 0"),
        ({"metrics": ["motifs[orders=[5]]"]}, "metric 'motifs': orders.0 = 5"),
    ],
)
def test_wrong_plugin_is_refused(make, change, problem):
    with pytest.raises(UserError) as error:
        make(**change)
    assert problem in str(error.value)


def test_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "wrong.toml"
    for content in (b'tasks = ["tiny"', b"\xff\xfe", b"tasks = 1\ntasks = 2\n"):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"wrong\.toml"):
            read(path)
    with pytest.raises(UserError, match=r"none\.toml"):
        read(tmp_path / "none.toml")
    with pytest.raises(UserError, match=str(tmp_path)):
        read(tmp_path)
