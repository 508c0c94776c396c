"""Trials by a batch system alone: what is ready, a SLURM array and submitit with a stand-in."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import open_run
from harness.cli import main
from harness.execution import preparation
from harness.execution.lease import leased
from harness.execution.run_trial import run_trial, spec_of
from harness.execution.standing import standings
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.results.records import TrialRecord, trial_folder

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "tests" / "plugins" / "small_tasks.py"
ASKED = {"tasks": ["tiny"], "schedules": ["tiny"], "pruners": ["magnitude", "shuffled"],
         "metrics": ["performance"], "networks": 2, "block_width": 2}  # fmt: skip

SBATCH = r"""
import os, re, subprocess, sys
lines = open(next(word for word in sys.argv[1:] if word.endswith(".sh"))).read()
first, last = re.search(r"--array=(\d+)-(\d+)", " ".join(sys.argv) + lines).groups()
for task in range(int(first), int(last) + 1):
    more = {"SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_JOB_ID": "7", "SLURM_JOB_ID": "7"}
    more |= {"SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_NODEID": "0"}
    more |= {"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_JOB_NODELIST": "here"}
    name = next(index for index, word in enumerate(sys.argv) if word.endswith(".sh"))
    subprocess.Popen(["bash", *sys.argv[name:]], env={**os.environ, **more},
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     start_new_session=True)
print("Submitted batch job 7")
"""
SRUN = """
import os, re, sys
words = sys.argv[1:]
while words[0].startswith("-"):
    words = words[2 if words[0] in ("--output", "--error") else 1 :]
os.execvp(words[0], words)
"""
SACCT = "print('JobID|State|NodeList\\n7_0|RUNNING|here\\n7_1|RUNNING|here')"


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A stand-in for SLURM that runs all tasks of an array at once."""
    (folder := tmp_path / "bin").mkdir()
    for name, text in (("sbatch", SBATCH), ("srun", SRUN), ("sacct", SACCT)):
        (folder / name).write_text(f"#!{sys.executable}\n{text}")
        (folder / name).chmod((folder / name).stat().st_mode | stat.S_IEXEC)
    harness = f'#!/bin/sh\nexec {sys.executable} -m harness.cli "$@"\n'
    (folder / "harness").write_text(harness)
    (folder / "harness").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HARNESS_PLUGINS", str(PLUGINS))


@pytest.fixture
def laid_out(tmp_path):
    """A run folder with two trials, the second made from the first, and their keys."""
    made = plan(checked(ASKED, source="test"), loading.load([PLUGINS]))
    preparation.lay_out(made, tmp_path / "run")
    return tmp_path / "run", [trial.key for trial in made.trials]


def statuses(folder):
    return [one.status for one in standings(folder, (PLUGINS,))]


@pytest.mark.slow
def test_a_plan_says_what_is_ready_and_what_waits_on_what(laid_out, capsys):
    folder, (source, made_from) = laid_out
    assert statuses(folder) == ["ready", "waiting"]

    def said(*more):
        with pytest.raises(SystemExit, match=r"^0$"):
            main(["plan", str(folder), "--plugin", str(PLUGINS), *more])
        return capsys.readouterr().out

    first, second = json.loads(said("--json"))
    assert first == {"trial": source, "status": "ready", "source": "", "waiting_on": "", "by": ""}
    assert (second["source"], second["waiting_on"]) == (source, source)
    with leased(trial_folder(folder, source)):
        assert statuses(folder) == ["running", "waiting"]
    run_trial(spec_of(folder, source, (PLUGINS,)), folder)
    assert statuses(folder) == ["done", "ready"]
    record = trial_folder(folder, made_from) / "trial.json"
    record.parent.mkdir()
    record.write_text('{"format": 3, "status": "failed"}')
    assert statuses(folder) == ["done", "failed"]
    assert said().endswith("1 done, 1 failed\n")


def ended(folder, keys):
    """Wait until all trials are trained and measured, and return their statuses."""
    records = [TrialRecord(trial_folder(folder, key)) for key in keys]
    end = time.monotonic() + 200
    while time.monotonic() < end:
        states = [record.read() for record in records]
        if all(state and state.metrics for state in states):
            break
        time.sleep(0.2)
    return open_run(folder).trials()["status"].tolist()


@pytest.mark.slow
def test_the_array_script_runs_all_trials_at_once(laid_out, slurm):
    folder, keys = laid_out
    script = ROOT / "examples" / "slurm_array.sh"
    assert len(script.read_text().splitlines()) <= 10
    subprocess.run(["sbatch", "--array=1-2", script, folder], check=True, capture_output=True)
    assert ended(folder, keys) == ["done", "done"]


@pytest.mark.slow
def test_the_submitit_example_runs_all_trials(laid_out, slurm):
    pytest.importorskip("submitit")
    folder, keys = laid_out
    script = ROOT / "examples" / "submitit_trials.py"
    done = subprocess.run(
        [sys.executable, script, folder], capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split("\n")[:2] == [f"{key} done" for key in keys], done.stderr
