"""Trials in other processes: their bits, what they report, and what becomes of those that die."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from comparing import assert_same_results

from harness import AbstractExecutor, AbstractObserver, TrialReport, TrialSpec, UserError, open_run
from harness.errors import CannotWriteError
from harness.execution import handing_out
from harness.execution.children import ChildDiedError, call_in_child, end_children
from harness.execution.handing_out import RefusedError, hand_out
from harness.execution.scheduler import Execution
from harness.execution.setup import Setup
from harness.experiment.config import checked
from harness.experiment.plan import plan
from harness.plugin import loading
from harness.plugin.parameters import parse

PLUGINS = Path(__file__).parents[1] / "plugins"
ASKED = {"tasks": ["tiny"], "schedules": ["tiny"], "pruners": ["magnitude", "shuffled"],
         "metrics": ["edges", "raising", "dying"], "networks": 4, "block_width": 2}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    names = ("small_tasks", "small_pruners", "failing", "dying")
    registry = loading.load([PLUGINS / f"{name}.py" for name in names])
    return registry, plan(checked(ASKED, source="test"), registry)


class Noting(AbstractObserver):
    """Keeps what happened to which trial."""

    name = "noting"

    def __init__(self):
        self.events = []

    def observe(self, event):
        self.events.append((event.what, event.trial["trial"]))


@pytest.fixture(scope="module")
def serial(made, compiled_once, tmp_path_factory):
    """The same run in this process: its folder, outcome and events."""
    folder, noting = tmp_path_factory.mktemp("serial") / "run", Noting()
    return folder, Execution(made[1], folder, observers=[noting]).run(), noting.events


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes[workers=2]", "dask[workers=2]"])
def test_other_processes_give_the_same_bits_and_report_all(
    made, serial, tmp_path, executor, monkeypatch
):
    registry, planned = made
    folder, alone, events = serial
    (deaths := tmp_path / "deaths").write_text("+")
    monkeypatch.setenv("HARNESS_TEST_DEATHS", str(deaths))
    (selection,) = parse(executor)
    noting, by = Noting(), registry.make("executor", selection)
    outcome = Execution(planned, tmp_path / "run", executor=by, observers=[noting]).run()
    assert_same_results_but_empty(tmp_path / "run", folder)
    again = [note for note in outcome.notes if "tried again" in note]
    assert len(again) == 1
    assert "its process was ended by SIGKILL" in again[0]
    assert deaths.read_text() == ""
    # The report of the attempt that died is lost: that trial counts as trained before.
    assert (outcome.trained, outcome.already_trained) == (alone.trained - 1, 1)
    assert sorted(outcome.failures) == sorted(alone.failures)
    assert outcome.measured + outcome.already_measured == alone.measured
    happened = {trial: [what for what, of in noting.events if of == trial] for _, trial in events}
    died = [trial for trial, what in happened.items() if "start" not in what]
    assert len(died) == 1
    for trial, what in happened.items():
        assert trial in died or what == [one for one, of in events if of == trial]


def assert_same_results_but_empty(one, other):
    """As `assert_same_results`, where the metric that raises has no rows."""
    assert open_run(one).table("raising").empty
    for folder in (one, other):
        text = (folder / "run.json").read_text()
        (folder / "run.json").write_text(text.replace('"raising": {', '"levels": {', 1))
    assert_same_results(one, other)


def test_a_trial_that_is_given_up_is_recorded_as_failed(made, tmp_path):
    class GivingUp(AbstractExecutor):
        def carry_out(self, trials, root, run):
            for trial in trials:
                run.give_up(trial, ChildDiedError("tcp://there", "was ended by SIGKILL"))

    outcome = Execution(made[1], tmp_path, executor=GivingUp()).run()
    assert len(outcome.failures) == 4
    trials = open_run(tmp_path).trials()
    assert set(trials["status"]) == {"failed"}
    reason = "ChildDiedError: its process was ended by SIGKILL on tcp://there"
    assert set(trials["reason"]) == {reason}


def test_a_child_serves_again_and_passes_on_what_is_raised(tmp_path):
    one = call_in_child({}, "os:getpid", ())
    assert one != os.getpid()
    with pytest.raises(UserError, match=r"cannot read '\['"):
        call_in_child({}, "harness.plugin.parameters:parse", ("[",))
    tested = {"PYTHONPATH": str(tmp_path)}
    (tmp_path / "full.py").write_text(
        "from pathlib import Path\nfrom harness import files\n"
        "def write(path):\n    files.write(Path(path), b'')\n"
    )
    with pytest.raises(CannotWriteError, match="cannot write '/proc/none/file'"):
        call_in_child(tested, "full:write", ("/proc/none/file",))
    with pytest.raises(RuntimeError, match=r"in another process:(.|\n)*ZeroDivisionError"):
        call_in_child({}, "operator:truediv", (1, 0))
    assert call_in_child({}, "os:getpid", ()) == one
    with pytest.raises(ChildDiedError, match="was ended by SIGABRT on here"):
        call_in_child({}, "os:abort", (), where="here")
    assert call_in_child({}, "os:getpid", ()) != one
    assert call_in_child({"HARNESS_CORES": "3"}, "os:getenv", ("HARNESS_CORES",)) == "3"
    end_children()


def test_a_child_ends_with_its_parent_even_within_a_call():
    code = """
import os, threading, time
from harness.execution.children import call_in_child
print(call_in_child({}, "os:getpid", ()), flush=True)
threading.Thread(target=call_in_child, args=({}, "time:sleep", (60,))).start()
time.sleep(0.5)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    pid = int(done.stdout)
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()


class Seen:
    """What a driver reports to the coordinator."""

    def __init__(self):
        self.done, self.notes, self.given_up = [], [], []

    def learn(self, spec, report):
        self.notes += report.notes
        self.done += [] if report.left else [spec.key]

    def give_up(self, spec, error):
        self.given_up.append(spec.key)

    def __call__(self, spec): ...
    def call(self, spec):
        return "module:function", ()


def handed_out(answers, *, sources=(), **limits):
    """Hand out trials whose attempts end as `answers[key]` lists them; return what happened."""
    seen, begun = Seen(), []

    def submit(spec, avoid):
        begun.append((spec.key, *sorted(avoid)))
        answer, future = answers[spec.key].pop(0), Future()
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future

    links = dict(sources)
    specs = [TrialSpec(experiment={}, key=key, source=links.get(key, "")) for key in answers]
    hand_out(specs, seen, submit, **limits)
    return seen, begun


def test_trials_are_handed_out_after_their_sources_and_left_ones_again():
    done = TrialReport({"trained": 1})
    answers = {"c": [done], "a": [TrialReport(left=True), done], "b": [done], "d": [done]}
    seen, begun = handed_out(answers, sources={"c": "a", "d": "elsewhere"}, retries=0)
    assert [key for key, *_ in begun] == ["a", "b", "d", "a", "c"]
    assert seen.done == ["b", "d", "a", "c"]


def test_dead_and_lost_attempts_are_counted_apart_and_refusals_not():
    class LostError(Exception):
        pass

    def died(where):
        return ChildDiedError(where, "exited with 1")

    done = TrialReport({"trained": 1})
    answers = {
        "a": [died("w1"), LostError("gone"), LostError("gone"), died("w2"), done],
        "b": [died("w1"), died("w2"), died("w3")],
        "c": [RefusedError("w4", "it has jax 0.1"), done],
    }
    refused = set()
    limits = {"preempted": (LostError,), "preemptions": 2, "refused": refused}
    seen, begun = handed_out(answers, retries=2, **limits)
    assert seen.given_up == ["b"]
    assert sorted(seen.done) == ["a", "b", "c"]
    assert [avoid for key, *avoid in begun if key == "a"][-1] == ["w1", "w2"]
    assert refused == {"w4"}
    assert "worker w4 is not used: it has jax 0.1" in seen.notes
    with pytest.raises(LostError):
        handed_out({"a": [LostError("gone")]}, retries=2)


def test_a_worker_that_differs_says_how(tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text("x = 1")
    setup = Setup.here([plugin], tmp_path)
    assert setup.difference() == ""
    versions = tuple((name, "0.1" if name == "jax" else one) for name, one in setup.versions)
    other = dataclasses.replace(setup, versions=versions)
    assert "where the run has 0.1" in other.difference()
    assert other.difference().startswith("it has jax ")
    plugin.write_text("x = 2")
    assert setup.difference() == f"its plugin file '{plugin}' has another content"
    plugin.unlink()
    assert setup.difference() == f"it cannot see the plugin file '{plugin}'"
    elsewhere = Setup.here([], tmp_path / "none")
    assert elsewhere.difference() == f"it cannot see the run folder '{tmp_path / 'none'}'"


def dask(made, **parameters):
    return made[0].make("executor", dataclasses.replace(parse("dask")[0], parameters=parameters))


def test_dask_that_is_missing_or_does_not_answer_is_named(made, tmp_path, monkeypatch):
    specs = [TrialSpec(experiment={}, key="0" * 16)]
    with pytest.raises(UserError, match=r"answers at 'tcp://127.0.0.1:9' .*tried for 0.5 s.*kept"):
        dask(made, address="tcp://127.0.0.1:9", timeout=0.5).carry_out(specs, tmp_path, Seen())
    with pytest.raises(UserError, match=r"answers of '/nowhere.json' .*No such file"):
        dask(made, scheduler_file="/nowhere.json").carry_out(specs, tmp_path, Seen())
    with pytest.raises(UserError, match="give one of address, scheduler_file and slurm"):
        dask(made, address="tcp://127.0.0.1:9", slurm="gpu")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install 'motif-harness\[dask\]'"):
        dask(made).carry_out(specs, tmp_path, Seen())


def test_the_script_of_a_slurm_job_can_be_read_before(made):
    (selection,) = parse("dask[slurm=short, gpus=2, walltime=2:00:00, jobs=20, cores=4]")
    script = made[0].make("executor", selection).preview()
    for line in ("#SBATCH -p short", "#SBATCH -t 2:00:00", "#SBATCH --gres=gpu:2",
                 "#SBATCH --cpus-per-task=4"):  # fmt: skip
        assert line in script.splitlines()
    assert script.rstrip().endswith("--nthreads 1 --memory-limit 0")
    assert dask(made).preview() == ""


def test_dask_leaves_the_process_its_answer_to_ctrl_c(made, monkeypatch):
    for name in [one for one in sys.modules if one.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    dask(made, slurm="short").preview()
    assert "dask_jobqueue.runner" in sys.modules
    assert signal.getsignal(signal.SIGINT) is before


class Cluster:
    """Stands in for a client whose workers start again at other addresses.

    The first attempt at a trial dies, and the second waits for a worker that goes.
    """

    def __init__(self):
        self.asked = []

    def nthreads(self):
        return {"w3": 1} if len(self.asked) == 2 else {"w1": 1, "w2": 1}

    def run(self, *_, **__):
        return {"w1": "", "w2": ""}

    def submit(self, *_, workers, allow_other_workers, **__):
        self.asked.append((workers, allow_other_workers))
        future = Future()
        if len(self.asked) == 1:
            future.set_exception(ChildDiedError("w1", "was ended by SIGKILL"))
        elif len(self.asked) == 3:
            future.set_result(TrialReport())
        return future


def test_a_trial_that_is_tried_again_elsewhere_waits_for_no_worker_that_is_gone(
    made, tmp_path, monkeypatch
):
    cluster, executor = Cluster(), dask(made)
    monkeypatch.setattr(type(executor), "_client", lambda *_: contextlib.nullcontext(cluster))
    seen = Seen()
    monkeypatch.setattr(handing_out, "WATCHED", 0.01)
    executor.carry_out([TrialSpec(experiment={}, key="0" * 16)], tmp_path, seen)
    assert cluster.asked == [(None, False), (["w2"], True), (["w3"], True)]
    assert seen.notes[-1].startswith(f"trial {'0' * 16}: the workers that it waited for have gone")
