"""What plugins raise ends neither a run nor its other trials; what hangs can be limited."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from comparing import trials_of

from harness import open_run
from harness.cli import main
from harness.execution.scheduler import Execution
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.results.records import TrialRecord

PLUGINS = Path(__file__).parents[1] / "plugins"
NAMES = ("small_tasks", "small_pruners", "failing", "hostile")
FILES = [PLUGINS / f"{name}.py" for name in NAMES]
SMALL = ["--plugin", str(FILES[0])]
BASE = {"tasks": ["tiny"], "schedules": ["tiny"], "networks": 2, "block_width": 2}


@pytest.fixture(scope="module")
def executed(compiled_once):
    registry = loading.load(FILES)

    def run(folder, **fields):
        made = plan(checked({**BASE, "pruners": ["magnitude"], **fields}, source="test"), registry)
        return Execution(made, folder).run()

    return run


@pytest.mark.slow
@pytest.mark.parametrize("how", ["exit", "interrupt", "base", "user", "disk", "memory"])
def test_what_a_plugin_raises_is_its_failure(executed, tmp_path, how):
    fields = {"pruners": [f"harmful-pruner[how={how}]", "magnitude"]}
    outcome = executed(tmp_path, metrics=[f"harmful[how={how}]", "edges"], **fields)
    assert (outcome.trained, outcome.measured, len(outcome.failures)) == (1, 1, 2)
    assert open_run(tmp_path).trials()["status"].tolist() == ["failed", "done"]


def test_a_lone_surrogate_in_a_message_is_recorded(executed, tmp_path):
    executed(tmp_path, metrics=["harmful[how=surrogate]"])
    (folder,) = trials_of(tmp_path)
    (measured,) = TrialRecord(folder).read().metrics.values()
    assert "a lone \\ud800" in ascii(measured.error)


def test_a_plugin_that_hangs_is_stopped_and_named(executed, tmp_path, monkeypatch, capfd):
    executed(tmp_path, metrics=[])
    monkeypatch.setenv("HARNESS_TIME_LIMIT", "0.5")
    outcome = executed(tmp_path, metrics=["harmful[how=hang]"])
    assert "TimeoutError: it did not end within 0.5 s" in outcome.failures[0]
    assert "hostile.py, line " in capfd.readouterr().err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_of_a_plugin_is_no_second_harness(tmp_path):
    code = (
        "import os, time\n"
        "from harness.plugin.isolation import isolated\n"
        "with isolated():\n"
        "    if os.fork(): time.sleep(0.3)\n"
        "print('goes on')\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "goes on\n"


def test_an_observer_and_an_exporter_that_exit(executed, tmp_path, capsys):
    registry = loading.load(FILES)
    observer = registry.find("observer", "harmful-observer").factory()
    fields = {**BASE, "pruners": ["magnitude"], "metrics": []}
    made = plan(checked(fields, source="test"), registry)
    outcome = Execution(made, tmp_path / "run", observers=[observer]).run()
    assert outcome.trained == 1
    assert "observer 'harmful-observer' failed" in outcome.notes[0]
    command = ["export", str(tmp_path / "run"), "--as", "harmful-exporter"]
    with pytest.raises(SystemExit) as end:
        main([*command, "--out", str(tmp_path / "out"), "--plugin", str(FILES[-1])])
    assert end.value.code == 2
    assert "exporter 'harmful-exporter' failed" in capsys.readouterr().err


def test_a_plugin_that_exits_while_a_run_is_planned_is_an_error(tmp_path, capsys):
    file = tmp_path / "leaving.py"
    file.write_text(
        "from harness import hookimpl\nfrom harness.testing import TinyTask\n"
        "class Leaving(TinyTask):\n"
        "    name = 'leaving'\n"
        "    def __post_init__(self): raise SystemExit(0)\n"
        "@hookimpl\ndef register_tasks(): return [Leaving]\n"
    )
    with pytest.raises(SystemExit) as end:
        main(["run", "--task", "leaving", "--pruner", "random", "--plugin", str(file), *SMALL])
    assert end.value.code == 1
    assert "a plugin ended the process" in capsys.readouterr().err


def test_a_split_into_trials_that_are_no_halves_of_it_is_corrected(executed, tmp_path):
    executed(tmp_path, metrics=[])
    (folder,) = trials_of(tmp_path)
    record = json.loads((folder / "trial.json").read_text())
    entry = json.loads((tmp_path / "run.json").read_text())["trials"][0]
    halves = [{**entry, "trial": 16 * digit, "networks": 1} for digit in "ab"]
    forged = {"format": 3, "status": "split", "identity": record["identity"], "into": halves}
    (folder / "trial.json").write_text(json.dumps(forged))
    assert open_run(tmp_path).trials()["trial"].tolist() == [folder.name], "not halves of it"
    halves[1]["first_network"] = 1
    (folder / "trial.json").write_text(json.dumps(forged))
    assert open_run(tmp_path).trials()["status"].tolist() == ["pending", "pending"]
    outcome = executed(tmp_path, metrics=[])
    assert (outcome.trained, outcome.failures) == (2, [])
    assert open_run(tmp_path).trials()["status"].tolist() == ["done", "done"]


def test_a_trial_folder_that_is_a_link_is_not_written_through(executed, tmp_path):
    executed(tmp_path / "run", metrics=[])
    (folder,) = trials_of(tmp_path / "run")
    folder.rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "levels.parquet").write_bytes(b"precious")
    folder.symlink_to(tmp_path / "elsewhere")
    outcome = executed(tmp_path / "run", metrics=[])
    assert "is a link, which is not followed" in outcome.failures[0]
    assert (tmp_path / "elsewhere" / "levels.parquet").read_bytes() == b"precious"
