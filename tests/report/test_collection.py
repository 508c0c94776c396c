"""Tables of several runs, pooled and labelled."""

from harness.report import collect

TWO = (("moth", "magnitude"), ("moth", "random"))


def test_labels_hold_only_what_differs(fake_run):
    assert collect([fake_run()]).conditions == ("magnitude",)
    assert collect([fake_run(conditions=TWO)]).conditions == ("magnitude", "random")
    crossed = (*TWO, ("digits", "random"))
    labels = collect([fake_run(conditions=crossed)]).conditions
    assert labels == ("moth · magnitude", "moth · random", "digits · random")


def test_runs_that_differ_in_nothing_else_are_told_apart(fake_run):
    first, second = fake_run("a"), fake_run("b")
    cells = second.cells().assign(cell="other")
    second.cells = lambda: cells
    for name in ("levels", "timings", "memory", "motifs", "performance"):
        second.edit(name, lambda table: table.assign(cell="other"))
    assert collect([first, second]).conditions == ("a", "b")
