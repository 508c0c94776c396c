"""Tables of several runs, pooled and labelled."""

from harness.report import collect, pruner_comparison
from harness.report.sections import overview
from harness.report.sections.loss_ratios import loss_ratios

TWO = (("moth", "magnitude"), ("moth", "random"))


def test_labels_hold_only_what_differs(fake_run):
    assert collect([fake_run()]).conditions == ("magnitude",)
    assert collect([fake_run(conditions=TWO)]).conditions == ("magnitude", "random")
    crossed = (*TWO, ("digits", "random"))
    labels = collect([fake_run(conditions=crossed)]).conditions
    assert labels == ("moth · magnitude", "moth · random", "digits · random")


def test_runs_that_differ_in_nothing_else_are_told_apart(fake_run):
    first, second = fake_run("a"), fake_run("b")
    trials = second.trials().assign(trial="other")
    second.trials = lambda: trials
    for name in ("levels", "timings", "memory", "motifs", "performance"):
        second.edit(name, lambda table: table.assign(trial="other"))
    assert collect([first, second]).conditions == ("a", "b")


def test_networks_of_two_architectures_are_never_paired(fake_run):
    run = fake_run(conditions=(*TWO, ("moth", "lamp")))
    trials = run.trials().assign(architecture=["mlp", "mlp", "cnn"])
    run.trials = lambda: trials
    data = collect([run])
    assert data.conditions == ("moth · mlp · magnitude", "moth · mlp · random", "moth · cnn · lamp")
    (compared,) = pruner_comparison.pruner_comparisons(data)
    assert compared.pruners == ("magnitude", "random")
    assert "with networks mlp and cnn" in overview.ran(data)[0]
    older = fake_run("older")
    assert "with networks" not in overview.ran(collect([older]))[0]


def test_a_trial_without_its_levels_has_no_measurements_either(fake_run):
    run = fake_run(conditions=TWO)
    run.edit("levels", lambda table: table[table["pruner"] != "random"])
    data = collect([run])
    for measured in data.measured.values():
        assert set(measured.rows["condition"]) == {"magnitude"}
    assert set(loss_ratios(data, 0.07)["condition"]) <= {"magnitude"}
