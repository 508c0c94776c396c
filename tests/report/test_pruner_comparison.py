"""Which pruners compete, over which networks, and what it took them to get there."""

import numpy as np
import pandas as pd
import pytest

from harness.report import NETWORK, collect, pruner_comparison

TWO = (("moth", "random"), ("moth", "magnitude[scope=global]"))


def comparisons(*runs):
    return pruner_comparison.pruner_comparisons(collect(runs))


def test_pruners_of_one_task_compete_and_magnitude_is_the_baseline(fake_run):
    (comparison,) = comparisons(fake_run(conditions=(*TWO, ("digits", "random"))))
    assert comparison.task == "moth"
    assert comparison.pruners == ("random", "magnitude[scope=global]")
    assert comparison.names == {"random": "random", "magnitude[scope=global]": "magnitude"}
    assert comparison.baseline == "magnitude[scope=global]"
    assert comparison.others == ("random",)
    (without,) = comparisons(fake_run(conditions=(("moth", "b"), ("moth", "a"))))
    assert without.baseline == "b"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("magnitude", "magnitude"),
        ("magnitude[scope=global]", "magnitude"),
        ("plugins.pruners:shuffled[of=magnitude[scope=layer]]", "shuffled"),
        ("random[note=a:b]", "random"),
        ("", ""),
    ],
)
def test_names_of_pruners(label, name):
    assert pruner_comparison.name_of(label) == name


def test_one_pruner_has_nobody_to_compete_with(fake_run):
    assert comparisons(fake_run()) == []
    assert comparisons(fake_run(statuses=("pending",))) == []
    assert comparisons(fake_run(conditions=(("moth", "a"), ("digits", "a")))) == []
    assert pruner_comparison.by_task([], lambda comparison: comparison.rows).empty


def test_networks_of_several_data_seeds_are_units_of_one_comparison(fake_run):
    (comparison,) = comparisons(fake_run(conditions=TWO, data_seeds=(0, 1), networks=3))
    assert comparison.pruners == ("random", "magnitude[scope=global]")
    assert comparison.n == 6
    assert set(comparison.rows["data_seed"]) == {0, 1}


def test_rows_hold_what_the_tables_say(fake_run):
    run = fake_run(conditions=TWO, networks=3)
    (comparison,) = comparisons(run)
    levels = run.table("levels").query("pruner == 'random' and network == 2")
    row = comparison.of("random").query("network == 2").set_index("density")
    np.testing.assert_allclose(row["loss"], levels["validation_loss"])
    np.testing.assert_allclose(row["effective"], row.index.to_numpy() ** 1.3)
    assert len(comparison.rows) == 2 * 3 * 12
    assert comparison.densities == sorted(set(levels["density"]), reverse=True)


def test_steps_add_up_from_level_to_level_but_not_where_each_is_trained_anew(fake_run):
    run = fake_run(conditions=TWO, networks=2, densities=(1.0, 0.5, 0.1))
    steps = {"random": [500, 30, 70], "magnitude[scope=global]": [500, 530, 600]}

    def told(levels):
        found = [steps[p][n] for p, n in zip(levels["pruner"], levels["level"], strict=True)]
        return levels.assign(steps=found)

    run.edit("levels", told)
    trials = run.trials
    run.trials = lambda: trials().assign(when=["level", "init"])
    (comparison,) = comparisons(run)
    for label in comparison.pruners:
        assert comparison.of(label).query("network == 1")["reached"].tolist() == [500, 530, 600]
    assert list(comparison.trained.values()) == [
        pruner_comparison.BY_LEVEL,
        pruner_comparison.AT_START,
    ]
    assert comparison.recorded
    run.trials = lambda: trials().assign(when="during")
    (during,) = comparisons(run)
    assert during.trained == comparison.trained, "one that restarts acts during training as well"
    run.trials = lambda: trials().drop(columns="when")
    (guessed,) = comparisons(run)
    assert guessed.trained == comparison.trained, "told from the steps"
    assert not guessed.recorded
    run.trials = lambda: trials().assign(when="level")
    (other,) = comparisons(run)
    assert other.of("magnitude[scope=global]")["reached"].max() == 500 + 530 + 600


def test_equal_steps_at_each_level_are_no_training_from_the_start(fake_run):
    (comparison,) = comparisons(fake_run(conditions=TWO, when=""))
    assert set(comparison.trained.values()) == {pruner_comparison.BY_LEVEL}


class Renamed:
    """A run whose trials have other keys, as another experiment's have."""

    def __init__(self, run, seed):
        self.run, self.path, self.provenance = run, run.path, run.provenance
        self.notes, self.experiment, self.masks = {}, {"seed": seed}, run.masks

    def trials(self):
        return self._named(self.run.trials())

    def measurements(self):
        return self._named(self.run.measurements())

    def table(self, name):
        return self._named(self.run.table(name))

    def _named(self, table):
        return table.assign(trial=self.path.name + table["trial"])


@pytest.mark.parametrize(("seed", "units", "pruners"), [(1, 4, 2), (0, 2, 4)])
def test_runs_of_other_seeds_add_networks_and_of_the_same_compete(fake_run, seed, units, pruners):
    first, second = (fake_run(name, conditions=TWO, networks=2) for name in ("first", "second"))
    (comparison,) = comparisons(Renamed(first, 0), Renamed(second, seed))
    assert (comparison.n, len(comparison.pruners)) == (units, pruners)
    assert not comparison.rows.duplicated([*NETWORK, "pruner", "level"]).any()


def test_a_loss_measured_twice_counts_once(fake_run):
    run = fake_run(conditions=TWO, networks=2)
    run.edit("performance", lambda table: pd.concat([table, table.assign(value=9.0)]))
    (comparison,) = comparisons(run)
    assert len(comparison.rows) == 2 * 2 * 12
    assert comparison.rows["loss"].max() < 1
