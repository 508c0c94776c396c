"""Runs that do only what is missing, survive what fails, and never take one thing for another."""

import itertools
import json
import signal
from pathlib import Path

import pandas as pd
import pytest
from comparing import assert_same_results, files_of, results, trials_of

from harness import UserError, files, open_run, progress
from harness.execution import preparation, workshop
from harness.testing import TinyTask
from harness.training.trainer import Trainer

PLUGINS = Path(__file__).parents[1] / "plugins"


def test_the_same_again_does_nothing(run, folder):
    before = files_of(folder / "trials")
    outcome = run(folder)
    assert outcome.nothing_to_do
    assert (outcome.already_trained, outcome.already_measured) == (2, 2)
    assert files_of(folder / "trials") == before


@pytest.mark.slow
def test_the_same_seed_elsewhere_gives_the_same_tables_bit_for_bit(run, tmp_path):
    metrics = ["performance", "motifs[orders=[2]]", "edges"]
    run(tmp_path / "one", networks=2, metrics=metrics)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workshop, "Trainer", Trainer)  # compiled anew
        run(tmp_path / "two", networks=2, metrics=metrics)
    assert set(results(tmp_path / "one")) == {
        "levels",
        "training",
        "performance",
        "motifs",
        "edges",
    }
    assert_same_results(tmp_path / "one", tmp_path / "two")
    for one, two in zip(trials_of(tmp_path / "one"), trials_of(tmp_path / "two"), strict=True):
        assert one.name == two.name
        for level in one.glob("level-*"):
            assert level.read_bytes() == (two / level.name).read_bytes()


def test_another_seed_gives_other_networks(run, finished, tmp_path):
    run(tmp_path, seed=1)
    one, other = (open_run(path).table("levels") for path in (finished, tmp_path))
    assert not set(one["validation_loss"]) & set(other["validation_loss"])
    assert not set(one["trial"]) & set(other["trial"])


def test_more_networks_extend_a_run_and_leave_the_first_as_they_are(run, finished, tmp_path):
    assert run(tmp_path, networks=2).trained == 1
    before = files_of(tmp_path / "trials")
    outcome = run(tmp_path, networks=4)
    assert (outcome.trained, outcome.already_trained) == (1, 1)
    after = files_of(tmp_path / "trials")
    assert {path: after[path] for path in before} == before
    assert_same_results(tmp_path, finished)


def test_fewer_networks_lose_nothing(run, folder):
    before = files_of(folder / "trials")
    assert run(folder, networks=2).nothing_to_do
    assert open_run(folder).table("levels")["network"].max() == 1
    assert run(folder, networks=4).nothing_to_do
    assert open_run(folder).table("levels")["network"].max() == 3
    assert files_of(folder / "trials") == before


BAD = ("raising", "renaming", "elsewhere", "nothing")


def test_a_metric_that_fails_is_recorded_and_the_rest_go_on(run, folder, finished):
    before = files_of(folder / "trials")
    outcome = run(folder, metrics=[*BAD, "edges"])
    assert (outcome.trained, outcome.measured, outcome.already_measured) == (0, 0, 2)
    assert len(outcome.failures) == len(BAD) * 2
    assert not outcome.nothing_to_do
    told = open_run(folder).measurements()
    assert (told[told["metric"] == "edges"]["status"] == "done").all()
    for name in BAD:
        rows = told[told["metric"] == name]
        assert rows["status"].tolist() == ["failed", "failed"]
        assert rows["reason"].all()
        assert any(name in failure for failure in outcome.failures)
        empty = open_run(folder).table(name)
        assert empty.empty
        assert "edges" in empty
    assert told[told["metric"] == "raising"]["reason"].iloc[0] == (
        "RuntimeError: this metric <b>raises</b>"
    )
    assert "edges" in told[told["metric"] == "renaming"]["reason"].iloc[0]
    for trial in trials_of(folder):
        entries = json.loads((trial / "trial.json").read_text())["metrics"]
        tracebacks = [entry["traceback"] for entry in entries.values() if "traceback" in entry]
        assert len(tracebacks) == len(BAD)
        assert any("failing.py" in text and "Raising" not in text for text in tracebacks)
    pd.testing.assert_frame_equal(
        open_run(folder).table("edges"), open_run(finished).table("edges")
    )
    unchanged = {path: file for path, file in before.items() if path.name != "trial.json"}
    after = files_of(folder / "trials")
    assert {path: after[path] for path in unchanged} == unchanged
    assert run(folder, metrics=["edges"]).nothing_to_do


def test_a_column_that_the_dictionary_does_not_tell_is_a_failure(run, folder):
    # Otherwise a run would hold columns that no dictionary explains.
    outcome = run(folder, metrics=["untold"])
    assert len(outcome.failures) == 2
    assert "more" in open_run(folder).measurements()["reason"].iloc[-1]


@pytest.mark.slow
def test_what_a_pruner_says_of_its_training_reaches_the_notes_and_the_report(run, tmp_path):
    outcome = run(tmp_path, pruners=["set[every=100]"], metrics=[])
    told = [note for note in outcome.notes if "nothing regrows" in note]
    assert len(told) == 3, "once a level, not once a trial"
    assert told[0].startswith("set[every=100] on tiny by tiny: at density 0.6 nothing regrows")
    (cautions,) = set(open_run(tmp_path).trials()["cautions"])
    assert [f"set[every=100] on tiny by tiny: {text}" for text in cautions.split("\n")] == told


def test_a_failure_without_a_message_says_where_it_was_raised(run, folder):
    outcome = run(folder, metrics=["silent"])
    lines = (PLUGINS / "failing.py").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "raise AssertionError" in text)
    place = f"AssertionError without a message, raised in failing.py, line {line}, in refuse"
    assert all(failure.endswith(f": {place}") for failure in outcome.failures)
    assert len(outcome.failures) == 2
    assert place in set(open_run(folder).measurements()["reason"])


def test_a_metric_that_failed_is_tried_again(run, folder):
    assert len(run(folder, metrics=["raising"]).failures) == 2
    outcome = run(folder, metrics=["raising"])
    assert len(outcome.failures) == 2
    assert outcome.trained == 0


def test_a_pruner_that_raises_in_one_trial_leaves_the_others(run, finished, tmp_path):
    outcome = run(tmp_path, pruners=["broken", "magnitude"])
    assert (outcome.trained, outcome.measured) == (2, 2)
    assert len(outcome.failures) == 2
    assert all("broken" in failure and "tiny" in failure for failure in outcome.failures)
    trials = open_run(tmp_path).trials().set_index("pruner")
    assert trials.loc["broken", "status"].tolist() == ["failed"] * 2
    assert set(trials.loc["broken", "reason"]) == {"RuntimeError: this pruner raises"}
    assert trials.loc["magnitude", "status"].tolist() == ["done"] * 2
    record = json.loads((trials_of(tmp_path)[0] / "trial.json").read_text())
    assert "failing.py" in record["traceback"]
    assert_same_results(tmp_path, finished)
    again = run(tmp_path, pruners=["broken", "magnitude"])
    assert (again.trained, again.already_trained, len(again.failures)) == (0, 2, 2)


def test_a_metric_added_later_needs_no_training(run, finished, tmp_path):
    outcome = run(tmp_path, metrics=[])
    assert (outcome.trained, outcome.measured) == (2, 0)
    before = files_of(tmp_path / "trials")
    outcome = run(tmp_path)
    assert (outcome.trained, outcome.already_trained, outcome.measured) == (0, 2, 2)
    assert_same_results(tmp_path, finished)
    after = files_of(tmp_path / "trials")
    levels = {path: file for path, file in before.items() if path.name != "trial.json"}
    assert {path: after[path] for path in levels} == levels


def test_a_metric_with_other_parameters_is_another_measurement(run, folder):
    outcome = run(folder, metrics=["edges[times=1|3]"])
    assert (outcome.trained, outcome.measured, outcome.already_measured) == (0, 2, 2)
    edges = open_run(folder).table("edges").set_index(["metric", "level", "network"])["edges"]
    once, thrice = edges["edges"], edges["edges[times=3]"]
    assert (thrice == 3 * once).all()
    assert len(once) == 4 * 4


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


DAMAGES = {
    "flipped": flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "empty": lambda path: path.write_bytes(b""),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize(
    "name", ["level-02.safetensors", "levels.parquet", "training.parquet", "timings.parquet"]
)
def test_a_damaged_file_is_made_again_and_the_other_trial_kept(run, folder, finished, name, damage):
    first, second = trials_of(folder)
    kept = files_of(second)
    damage(first / name)
    outcome = run(folder)
    assert (outcome.trained, outcome.already_trained, outcome.measured) == (1, 1, 1)
    assert not outcome.failures
    assert files_of(second) == kept
    assert_same_results(folder, finished)
    assert run(folder).nothing_to_do


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_of_a_metric_is_measured_again_without_training(
    run, folder, finished, damage
):
    first, second = trials_of(folder)
    kept = files_of(second)
    (table,) = first.glob("metric-*.parquet")
    damage(table)
    outcome = run(folder)
    assert (outcome.trained, outcome.measured, outcome.already_measured) == (0, 1, 1)
    assert files_of(second) == kept
    assert_same_results(folder, finished)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"{",
        b"[]",
        b'"done"',
        b"{}",
        b'{"format": 1}',
        b'{"format": 99, "status": "done"}',
        b'{"format": 1, "status": "done"}',
        b'{"format": 1, "status": "done", "files": {}, "metrics": {}}',
        b'{"format": 1, "status": "done", "files": [], "metrics": []}',
        b"\xff\xfe",
    ],
)
def test_a_trial_without_a_sound_record_is_made_again(run, folder, finished, content):
    first, second = trials_of(folder)
    kept = files_of(second)
    (first / "trial.json").unlink()
    if content is not None:
        (first / "trial.json").write_bytes(content)
    outcome = run(folder)
    assert (outcome.trained, outcome.already_trained, outcome.measured) == (1, 1, 1)
    assert files_of(second) == kept
    assert_same_results(folder, finished)


@pytest.mark.parametrize("name", ["tasks", "seed", "data_seeds", "keep_weights", "block_width"])
def test_a_folder_of_another_experiment_is_refused_and_untouched(run, folder, name):
    other = {
        "tasks": ["tiny[rows=100]"],
        "seed": 1,
        "data_seeds": [1],
        "keep_weights": False,
        "block_width": 4,
    }
    before = files_of(folder)
    with pytest.raises(UserError, match=rf"another experiment \({name} differ.*--out"):
        run(folder, **{name: other[name]})
    assert files_of(folder) == before


def test_a_folder_of_something_else_is_refused_and_untouched(run, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"not a run folder.*--out"):
        run(tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert not (tmp_path / "trials").exists()


def test_a_folder_that_another_process_works_on_is_refused(run, folder):
    before = files_of(folder)
    with (
        preparation.locked(folder),
        pytest.raises(UserError, match=r"another process works on .*--out"),
    ):
        run(folder)
    assert files_of(folder) == before
    assert run(folder).nothing_to_do


def test_a_combination_that_makes_no_sense_is_skipped_with_its_reason(run, tmp_path):
    fields = {"tasks": ["tiny", "small-convolution"], "pruners": ["linear"], "networks": 2}
    outcome = run(tmp_path, **fields)
    assert (outcome.trained, outcome.skipped, outcome.failures) == (1, 1, [])
    trials = open_run(tmp_path).trials().set_index("task")
    assert trials.loc["tiny", "status"] == "done"
    assert trials.loc["small-convolution", "status"] == "skipped"
    reason = trials.loc["small-convolution", "reason"]
    assert reason == "pruner 'linear' needs linear of architecture 'small-convolution'"
    assert set(open_run(tmp_path).table("levels")["task"]) == {"tiny"}
    assert run(tmp_path, **fields).nothing_to_do


def test_rewinding_to_a_step_after_the_first_level_is_skipped_with_its_reason(run, tmp_path):
    # There is no such point: without a word it would be rewound to the initial weights.
    outcome = run(tmp_path, pruners=["rewinding[rewind_step=1000]"], networks=2)
    assert (outcome.trained, outcome.skipped) == (0, 1)
    assert "1000" in open_run(tmp_path).trials()["reason"].iloc[0]


@pytest.mark.parametrize("at", [3, 7, 9])
def test_an_interrupted_run_goes_on_where_it_was(run, finished, tmp_path, at):
    seen = itertools.count(1)

    def listener(update):
        if next(seen) == at:
            signal.raise_signal(signal.SIGINT)

    with progress.listening(listener), pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    outcome = run(tmp_path)
    done = at > 6  # data and compilation once, then four levels and one measurement a trial
    assert (outcome.trained, outcome.already_trained) == ((1, 1) if done else (2, 0))
    assert_same_results(tmp_path, finished)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_killed_at_any_write_can_be_run_again(run, finished, tmp_path, monkeypatch, number):
    # The first writes make the folder; SIGKILL leaves the half-written file beside.
    write, seen = files.write, itertools.count(1)

    def killed(path, content):
        if next(seen) == number:
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / f".{path.name}.x1y2.part").write_bytes(content[: len(content) // 2])
            signal.raise_signal(signal.SIGINT)
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(files, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    outcome = run(tmp_path)
    assert outcome.trained + outcome.already_trained == 2
    assert not outcome.failures
    assert_same_results(tmp_path, finished)


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["provenance.json", "experiment.toml"])
def test_what_can_be_written_again_does_not_stop_a_run(run, folder, finished, name, damage):
    before = files_of(folder / "trials")
    damage(folder / name)
    assert run(folder).nothing_to_do
    assert files_of(folder / "trials") == before
    assert_same_results(folder, finished)


def test_every_run_leaves_its_provenance(run, folder):
    once = open_run(folder).provenance
    assert once["earlier"] == []
    assert {"time", "command", "python", "platform", "device", "versions"} <= set(once)
    assert set(once["clock"]) == {"time", "machine", "process"}
    run(folder)
    again = open_run(folder).provenance["clock"]
    assert all(again[name] >= seconds for name, seconds in once["clock"].items())
    assert again["time"] - once["clock"]["time"] < 600
    run(folder, networks=2)
    twice = open_run(folder).provenance
    assert len(twice["earlier"]) == 2
    assert twice["earlier"][0] == {name: once[name] for name in once if name != "earlier"}


def test_data_are_made_once_for_a_run_of_one_task(run, tmp_path, monkeypatch):
    made, data = [], TinyTask.data
    monkeypatch.setattr(
        TinyTask, "data", lambda self, *, seed: (made.append(seed), data(self, seed=seed))[1]
    )
    run(tmp_path, pruners=["magnitude", "linear"], metrics=["edges", "performance"], networks=2)
    assert made == [0]
    timings = open_run(tmp_path).table("timings")
    assert (timings["activity"] == "simulate").sum() == 1
    assert {"compile", "start", "train", "prune", "evaluate"} <= set(timings["activity"])


@pytest.mark.slow
def test_keys_of_trials_know_what_determines_the_result(planned):
    def keys(**fields):
        return [trial.key for trial in planned(**fields).trials]

    base = keys()
    assert len(set(base)) == 2
    assert keys(networks=6)[:2] == base
    assert keys(metrics=[]) == base
    assert keys(pruners=["random", "magnitude"])[2:] == base
    assert keys(tasks=["tiny[rows=200]"]) == base
    for other in (
        {"tasks": ["tiny[rows=100]"]},
        {"pruners": ["magnitude[scope=global]"]},
        {"schedules": ["tiny[steps=21]"]},
        {"seed": 1},
        {"data_seeds": [1]},
        {"block_width": 4},
        {"keep_weights": False},
    ):
        assert not set(keys(**other)) & set(base), other
