"""Single trials: run by key, in any process, side by side, with the same bits as a whole run."""

import logging
import subprocess
import sys
from pathlib import Path

import jax
import pandas as pd
import pytest

from harness import UserError, open_run
from harness.execution import preparation
from harness.execution.lease import leased
from harness.execution.run_trial import TrialSpec, run_trial, spec_of
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.results.records import trial_folder

FILES = (Path(__file__).parents[1] / "plugins" / "few_steps.py",)
ASKED = {"tasks": ["digits"], "pruners": ["shuffled"], "schedules": ["few-steps"],
         "metrics": ["performance"], "networks": 2, "block_width": 2}  # fmt: skip


def laid_out(folder):
    """A run folder that is laid out, and its plan: magnitude, then shuffled."""
    made = plan(checked(ASKED, source="test"), loading.load(FILES))
    preparation.lay_out(made, folder)
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The same run, carried out by the coordinator."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    made = plan(checked(ASKED, source="test"), loading.load(FILES))
    assert Execution(made, folder).run().failures == []
    return open_run(folder)


def test_a_spec_is_plain_data_and_a_trial_has_the_bits_of_a_whole_run(tmp_path, whole):
    made = laid_out(tmp_path)
    source, last = made.trials
    assert (source.source, last.source) == (None, source)
    spec = spec_of(tmp_path, last.key[:6], FILES)
    again = TrialSpec.model_validate_json(spec.model_dump_json())
    assert again == spec
    state, outcome = run_trial(again, tmp_path)
    assert state.status == "done"
    assert (outcome.trained, outcome.measured) == (2, 2), "its source first"
    run = open_run(tmp_path)
    for name in ("levels", "training", "performance"):
        pd.testing.assert_frame_equal(run.table(name), whole.table(name))
    assert not (tmp_path / "report").exists()
    state, outcome = run_trial(spec, tmp_path)
    assert (outcome.trained, outcome.already_trained, outcome.already_measured) == (0, 2, 2)


@pytest.mark.slow
def test_trials_that_are_alike_compile_nothing_after_the_first(tmp_path, caplog):
    """Each program maps memory that Linux bounds: 600 such trials once ended the process."""
    asked = {
        **ASKED,
        "pruners": ["magnitude"],
        "metrics": ["performance", "sampled[null=masks, draws=4]"],
        "networks": 4,
        "block_width": 1,
    }
    made = plan(checked(asked, source="test"), loading.load(FILES))
    with jax.log_compiles(), caplog.at_level(logging.INFO):
        assert Execution(made, tmp_path).run().failures == []
    messages = [record.getMessage() for record in caplog.records]
    begun = [at for at, text in enumerate(messages) if text.startswith("trains trial")]
    first, last = messages[begun[0] : begun[1]], messages[begun[2] :]
    assert [text for text in first if text.startswith("Finished XLA compilation")]
    assert not [text for text in last if text.startswith("Finished XLA compilation")]


def test_a_trial_in_other_hands_is_left_to_them(tmp_path):
    made = laid_out(tmp_path)
    key = made.trials[0].key
    folder = trial_folder(tmp_path, key)
    folder.mkdir(parents=True)
    begun = folder / ".levels.parquet.part"
    begun.write_bytes(b"begun")
    with leased(folder):
        state, outcome = run_trial(spec_of(tmp_path, key, FILES), tmp_path)
        assert state is None
        assert "is left to another process that works on it" in outcome.notes[0]
        preparation.tidy(tmp_path)
        assert begun.exists(), "what another process writes is not swept away"
    preparation.tidy(tmp_path)
    assert not begun.exists()
    with leased(folder) as lease:
        assert lease.mine


def test_what_is_no_trial_is_refused(tmp_path):
    made = laid_out(tmp_path)
    with pytest.raises(UserError, match="no trial 'zzz'"):
        spec_of(tmp_path, "zzz")
    with pytest.raises(UserError, match="no trial ''"):
        spec_of(tmp_path, "")
    spec = spec_of(tmp_path, made.trials[0].key, FILES)
    other = spec.model_copy(update={"key": "0" * 16})
    with pytest.raises(UserError, match="have changed since trial 0000"):
        run_trial(other, tmp_path)


@pytest.mark.slow
def test_two_shells_work_side_by_side(tmp_path, whole):
    pruners = ["magnitude", "random"]
    made = plan(checked({**ASKED, "pruners": pruners}, source="test"), loading.load(FILES))
    preparation.lay_out(made, tmp_path)
    command = [sys.executable, "-m", "harness.cli", "run", str(tmp_path), "--plugin", str(FILES[0])]
    shells = [
        subprocess.Popen([*command, "--trial", trial.key], stdout=subprocess.PIPE, text=True)
        for trial in made.trials
    ]
    told = [shell.communicate(timeout=300)[0] for shell in shells]
    assert [shell.returncode for shell in shells] == [0, 0], told
    assert all(": done. The report: harness report" in text for text in told)
    run = open_run(tmp_path)
    assert run.trials()["status"].tolist() == ["done", "done"]
    ours, other = (
        one.table("levels").query("pruner == 'magnitude'").drop(columns="trial")
        for one in (run, whole)
    )
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), other.reset_index(drop=True))
