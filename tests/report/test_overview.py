"""The sentences of the answer: convergence, paired differences, damage and devices."""

import pytest

from harness.report import collect
from harness.report.sections import Report, overview
from harness.report.sections.paired_differences import differences_of
from harness.report.sections.similarity import control_tests_of, similarity_of

TWO = (("moth", "magnitude"), ("moth", "random"))


@pytest.fixture
def report(fake_run):
    return Report(collect([fake_run(conditions=TWO)]))


def said(findings):
    text = " ".join(f"{finding.claim} {finding.detail}" for finding in findings)
    return text.replace("\u00a0", " ")


def alike(report):
    return said(
        overview.similarity_findings(
            report.data, similarity_of(report), control_tests_of(report), report.density
        )
    )


def test_similarity_is_set_against_controls(report):
    text = alike(report)
    assert "noise-corrected similarity" in text
    assert "unequal degrees alone, difference" in text
    assert "graphs with the same degrees, difference" in text


def test_only_what_exceeds_both_controls_is_said_to(report):
    tests = control_tests_of(report)
    for lows, words in (
        ((0.1, 0.1), "it exceeds that of graphs"),
        ((0.1, -0.1), "is not shown to exceed"),
        ((-0.1, -0.1), "is not shown to exceed"),
    ):
        low = tests["control"].map(dict(zip(sorted(tests["control"].unique()), lows, strict=True)))
        text = said(
            overview.similarity_findings(
                report.data, similarity_of(report), tests.assign(low=low), 0.07
            )
        )
        assert words in text


@pytest.mark.slow
def test_without_controls_degrees_may_explain_it(report):
    nothing = control_tests_of(report).iloc[:0]
    text = said(
        overview.similarity_findings(report.data, similarity_of(report), nothing, report.density)
    )
    assert "degrees alone may explain it" in text


def test_paired_differences_are_counted(report):
    z = differences_of(report)[differences_of(report)["kind"] == "z"]
    clear = int((z["adjusted"] <= 0.05).sum())
    assert 0 < clear < 13
    text = said(overview.difference_findings(report.data, differences_of(report), report.density))
    assert f"{clear} of 13 for random − magnitude" in text
    assert "n = 8 networks, given one data set" in text


def test_cautions_stand_at_the_top_with_their_condition_unless_they_hold_for_all(fake_run):
    run = fake_run(conditions=TWO, cautions=("Quick is short.", "Quick is short.\nNone regrows."))
    lead = overview.ran(collect([run]))
    assert "Quick is short." in lead
    assert "random: None regrows." in lead


def test_damaged_trials_and_measurements_are_named(fake_run):
    run = fake_run(conditions=TWO, statuses=("done", "damaged"))
    measured = run.measurements().assign(status="damaged", reason="a file is missing")
    run.measurements = lambda: measured
    text = said(overview.trouble_findings(collect([run])))
    assert "1 of 2 trials damaged: random." in text
    assert "2 measurements damaged: performance and motifs." in text


def test_a_trial_that_is_whole_in_one_run_is_not_damaged(fake_run):
    whole, broken = fake_run("whole"), fake_run("broken", statuses=("damaged",))
    for runs in ([whole, broken], [broken, whole]):
        assert set(collect(runs).trials["status"]) == {"done"}


def test_trials_computed_differently_are_named(fake_run):
    run = fake_run(conditions=TWO)
    data = collect([run])
    assert not overview.made_differently(data)
    trials = run.trials().assign(made_with=["jax 0.10.2, cpu", "jax 0.10.2, gpu"])
    run.trials = lambda: trials
    text = said(overview.trouble_findings(collect([run])))
    assert "jax 0.10.2, cpu (1 trial); jax 0.10.2, gpu (1 trial)" in text


def test_older_runs_do_not_say_what_they_were_made_with(fake_run):
    run = fake_run()
    trials = run.trials().drop(columns="made_with")
    run.trials = lambda: trials
    assert not overview.made_differently(collect([run]))
