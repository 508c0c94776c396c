"""Executors and observers of a run: who carries its trials out, and who is told of them."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from harness import AbstractExecutor, AbstractObserver, Event, open_run
from harness.execution.run_trial import run_trial
from harness.execution.scheduler import Execution
from harness.results import snapshot
from harness.results.records import trial_folder


@dataclass(frozen=True)
class Backwards(AbstractExecutor):
    """Sources first, then the others from last to first: some here, some as other processes do."""

    name: ClassVar[str] = "backwards"

    def carry_out(self, trials, root, run):
        sources = {trial.source for trial in trials}
        for number, trial in enumerate(
            [one for one in trials if one.key in sources]
            + [one for one in reversed(trials) if one.key not in sources]
        ):
            if number % 2:
                run_trial(trial, root)
            else:
                run(trial)


@dataclass(frozen=True)
class Remembering(AbstractObserver):
    """Keeps all events."""

    name: ClassVar[str] = "remembering"
    events: ClassVar[list[Event]] = []

    def observe(self, event):
        self.events.append(event)


@dataclass(frozen=True)
class Raising(AbstractObserver):
    """Raises at each event."""

    name: ClassVar[str] = "raising"

    def observe(self, event):
        raise OSError("the tracker is not there")


@pytest.mark.slow
def test_trials_have_the_same_bits_under_any_executor(planned, compiled_once, tmp_path):
    made = planned(pruners=["magnitude", "shuffled"], networks=4)
    first, second = tmp_path / "serial", tmp_path / "backwards"
    Execution(made, first).run()
    outcome = Execution(made, second, executor=Backwards()).run()
    assert outcome.failures == []
    assert (open_run(second).trials()["status"] == "done").all()
    for trial in made.trials:
        one, other = (
            snapshot.load(snapshot.level_path(trial_folder(folder, trial.key), 3))
            for folder in (first, second)
        )
        for name, weights in one.weights.items():
            np.testing.assert_array_equal(weights, other.weights[name])


def test_specs_say_all_that_another_process_needs(planned, compiled_once, tmp_path):
    seen = []

    @dataclass(frozen=True)
    class Looking(AbstractExecutor):
        name: ClassVar[str] = "looking"

        def carry_out(self, trials, root, run):
            seen.extend(trials)

    made = planned(pruners=["shuffled"])
    Execution(made, tmp_path, executor=Looking()).run()
    keys = [trial.key for trial in made.ordered]
    assert [spec.key for spec in seen] == keys
    assert [spec.source for spec in seen] == ["", "", *keys[:2]]
    assert {path.stem for path in seen[0].plugins} >= {"small_tasks"}
    assert type(seen[0]).model_validate_json(seen[0].model_dump_json()) == seen[0]


def test_an_observer_is_told_what_happens(planned, compiled_once, tmp_path):
    Remembering.events.clear()
    made = planned(metrics=["edges", "raising"], networks=2)
    (trial,) = made.trials
    Execution(made, tmp_path, observers=[Remembering()]).run()
    events = Remembering.events
    assert [event.what for event in events] == ["start", *["level"] * 4, "measured", "failed"]
    assert all(event.trial == trial.condition and event.root == tmp_path for event in events)
    facts = [event.facts for event in events]
    assert [one["density"] for one in facts[1:5]] == [1.0, 0.6, 0.3, 0.125]
    levels = open_run(tmp_path).table("levels")
    last = levels[levels["level"] == 3]
    assert facts[4]["networks"] == tuple(last["network"])
    np.testing.assert_array_equal(facts[4]["validation_loss"], last["validation_loss"])
    pd.testing.assert_frame_equal(facts[5]["table"], open_run(tmp_path).table("edges"))
    assert facts[6]["error"]
    Remembering.events.clear()
    Execution(planned(metrics=["edges"], networks=2), tmp_path, observers=[Remembering()]).run()
    assert Remembering.events == []  # all was there already


def test_an_observer_that_raises_is_a_warning(planned, compiled_once, tmp_path):
    outcome = Execution(planned(networks=2), tmp_path, observers=[Raising()]).run()
    assert outcome.failures == []
    assert (outcome.trained, outcome.measured) == (1, 1)
    assert len(outcome.notes) == 6
    assert "observer 'raising' failed at 'start' of trial" in outcome.notes[0]
    assert "the tracker is not there" in (tmp_path / "run.log").read_text()


def test_events_as_lines_of_a_file(offered, planned, compiled_once, tmp_path):
    jsonl = offered.find("observer", "jsonl").factory()
    Execution(planned(networks=2), tmp_path, observers=[jsonl]).run()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line["what"] for line in lines] == ["start", *["level"] * 4, "measured"]
    assert len(lines[1]["train_loss"]) == 2
    assert lines[-1]["table"] == 8
