"""What goes wrong beside the plugins: memory, disks, compilers that change under a run."""

import errno
import json
import logging
import os
import shutil
import signal

import jax
import numpy as np
import psutil
import pytest
from comparing import assert_same_results, files_of

from harness import CannotWriteError, files, open_run
from harness.execution import preparation, trial_training
from harness.execution.scheduler import Execution
from harness.machine import devices, memory
from harness.results import provenance
from harness.training.trainer import Trainer

FIELDS = {"networks": 4, "block_width": 4}


def too_wide(monkeypatch, widest):
    """Let training run out of memory where more networks are trained at once."""
    chunk = Trainer.chunk

    def limited(self, state, *arguments, **keywords):
        if state.active.shape[0] > widest:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes")
        return chunk(self, state, *arguments, **keywords)

    monkeypatch.setattr(Trainer, "chunk", limited)


@pytest.fixture(scope="module")
def narrow(run, tmp_path_factory):
    """The same networks, asked for in blocks of two."""
    folder = tmp_path_factory.mktemp("narrow")
    run(folder, **FIELDS | {"block_width": 2})
    return folder


def test_a_block_that_does_not_fit_into_memory_is_halved(run, tmp_path, monkeypatch, narrow):
    too_wide(monkeypatch, 2)
    outcome = run(tmp_path, **FIELDS)
    assert (outcome.trained, outcome.measured, outcome.failures) == (2, 2, [])
    assert "4 networks at once do not fit" in outcome.notes[0]
    trials = open_run(tmp_path).trials()
    assert trials["networks"].tolist() == [2, 2]
    assert trials["status"].tolist() == ["done", "done"]
    assert trials["trial"].tolist() == open_run(narrow).trials()["trial"].tolist()
    assert_same_results(tmp_path, narrow)


def test_a_block_is_halved_before_it_takes_what_is_not_there(run, tmp_path, monkeypatch, narrow):
    needed = {}
    asked = Trainer.memory

    def remembered(self, networks):
        needed[len(networks)] = asked(self, networks)
        return needed[len(networks)]

    def free():
        return needed[2] if 2 in needed else needed[4] - 1

    def trained(self, state, *arguments, **keywords):
        assert state.active.shape[0] == 2, "the whole block was begun"
        return chunk(self, state, *arguments, **keywords)

    chunk = Trainer.chunk
    monkeypatch.setattr(Trainer, "chunk", trained)
    monkeypatch.setattr(Trainer, "memory", remembered)
    monkeypatch.setattr(memory, "free", free)
    outcome = run(tmp_path, **FIELDS)
    assert (outcome.trained, outcome.failures) == (2, [])
    assert "4 networks at once do not fit" in outcome.notes[0]
    assert_same_results(tmp_path, narrow)


def test_free_memory_is_what_the_host_or_the_device_says(monkeypatch):
    before = memory.free()
    assert 2**28 < before < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    monkeypatch.setattr(jax, "local_devices", lambda: [jax.devices()[0]] * 4)
    assert memory.free() < before / 2
    device = type("Device", (), {"memory_stats": lambda _: {"bytes_limit": 10, "bytes_in_use": 3}})
    monkeypatch.setattr(jax, "local_devices", lambda: [device()])
    assert memory.free() == 7


def test_a_halved_block_stays_halved_when_memory_is_back(run, tmp_path, monkeypatch, narrow):
    with monkeypatch.context() as patch:
        too_wide(patch, 2)
        run(tmp_path, **FIELDS)
    before = files_of(tmp_path / "trials")
    assert run(tmp_path, **FIELDS).nothing_to_do
    assert files_of(tmp_path / "trials") == before
    outcome = run(tmp_path, **FIELDS, metrics=["edges[times=2]"])
    assert (outcome.trained, outcome.measured) == (0, 2)


def test_one_network_that_does_not_fit_is_a_failure(run, tmp_path, monkeypatch):
    too_wide(monkeypatch, 0)
    outcome = run(tmp_path, **FIELDS | {"networks": 3, "block_width": 3})
    assert len(outcome.failures) == 3
    assert "RESOURCE_EXHAUSTED" in outcome.failures[0]
    assert open_run(tmp_path).trials()["networks"].tolist() == [1, 1, 1]


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    def raised(error, cause):
        try:
            try:
                raise cause
            except Exception as inner:
                raise error from inner
        except Exception as outer:
            return outer

    full = jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
    assert memory.ran_out(full)
    with pytest.raises(MemoryError) as caught:
        np.empty(2**55)
    assert memory.ran_out(caught.value)
    assert memory.ran_out(raised(RuntimeError("step failed"), caught.value))
    assert not memory.ran_out(raised(MemoryError("claimed"), ValueError()))
    assert not memory.ran_out(jax.errors.JaxRuntimeError("INTERNAL: RESOURCE"))
    assert not memory.ran_out(raised(RuntimeError(), ValueError("RESOURCE_EXHAUSTED")))


def test_memory_taken_is_in_a_table_of_its_own(run, folder):
    table = open_run(folder).table("memory")
    assert set(table["memory"]) == {"host"}
    now = np.asarray(table["peak_bytes"])
    assert (now > 50e6).all()
    assert (now <= memory.peaks()["host"]).all()


@pytest.fixture
def disk(monkeypatch):
    """A disk on which only so many more bytes fit."""

    class Disk:
        room = float("inf")
        written = 0

        def write(self, descriptor):
            size = os.fstat(descriptor).st_size
            self.written += size
            self.room -= size
            if self.room < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    full = Disk()
    sync = os.fsync

    def fsync(descriptor):
        full.write(descriptor)
        sync(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    return full


@pytest.mark.slow
def test_a_full_disk_stops_a_run_and_loses_nothing(run, finished, tmp_path, disk):
    run(tmp_path / "whole")
    whole = disk.written
    for share in (0.0, 0.1, 0.5, 0.9):
        folder = tmp_path / f"share-{share}"
        disk.room = share * whole
        with pytest.raises(CannotWriteError, match="Free space on that disk, then run the same"):
            run(folder)
        kept = files_of(folder / "trials") if (folder / "trials").exists() else {}
        assert not [path for path in kept if path.suffix == ".part"]
        done = sum(path.name == "trial.json" for path in kept)
        disk.room = float("inf")
        outcome = run(folder)
        assert outcome.already_trained + outcome.trained == 2
        assert outcome.already_trained == done
        assert not outcome.failures
        assert_same_results(folder, finished)


def interrupted(planned, folder, monkeypatch, *, after):
    """Train a trial until its checkpoint number `after`, and stop there."""

    saved = []
    checkpoint = trial_training.TrialTraining._checkpoint

    def last(self, *arguments):
        checkpoint(self, *arguments)
        saved.append(arguments)
        if len(saved) == after:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(trial_training, "CHECKPOINT_SECONDS", 0.0)
        patch.setattr(trial_training.TrialTraining, "_checkpoint", last)
        with pytest.raises(KeyboardInterrupt):
            Execution(planned(), folder).run()


def test_a_trial_is_not_half_trained_by_one_compiler_and_half_by_another(
    planned, run, finished, tmp_path, monkeypatch
):
    interrupted(planned, tmp_path / "one", monkeypatch, after=3)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    run(tmp_path / "one")
    assert "resumes at level 2" in (tmp_path / "one" / "run.log").read_text()
    assert_same_results(tmp_path / "one", finished)
    with monkeypatch.context() as patch:
        patch.setattr(provenance, "environment", lambda: "jax 99, a quantum computer")
        outcome = run(tmp_path / "two")
    assert "starts again: its checkpoint was made with jax 0." in outcome.notes[0]
    assert (
        "starts again: its checkpoint was made with jax 0."
        in (tmp_path / "two" / "run.log").read_text()
    )
    assert set(open_run(tmp_path / "two").trials()["made_with"]) == {"jax 99, a quantum computer"}
    assert_same_results(tmp_path / "two", finished)


def test_what_a_killed_process_had_begun_to_write_is_removed(run, folder):
    litter = [folder / ".run.json.x1.part", next(folder.glob("trials/*")) / ".level-00.y2.part"]
    for path in litter:
        path.write_bytes(b"half")
    run(folder)
    assert not [path for path in litter if path.exists()]


def test_the_log_tells_what_happened(run, tmp_path):
    run(tmp_path, pruners=["broken", "magnitude"], networks=2)
    log = (tmp_path / "run.log").read_text()
    for words in ("begins: ", "with jax 0.", "trains trial", "level 4 of 4", "measured edges"):
        assert words in log
    assert "RuntimeError: this pruner raises" in log
    assert "Traceback (most recent call last)" in log
    assert log.splitlines()[-1].endswith("ends: 1 trials trained, 1 measurements made, 1 failures")


def test_a_schedule_that_raises_is_a_recorded_failure_and_the_rest_go_on(run, tmp_path):
    outcome = run(tmp_path, schedules=["shapeless", "tiny"], networks=2)
    assert (outcome.trained, len(outcome.failures)) == (1, 1)
    told = open_run(tmp_path).trials()
    assert told["status"].tolist() == ["failed", "done"]
    assert told["reason"].iloc[0] == "RuntimeError: this schedule raises"
    record = json.loads((tmp_path / "trials" / told["trial"].iloc[0] / "trial.json").read_text())
    assert "Traceback" in record["traceback"]


def test_a_pruner_of_nonsense_is_recorded_or_marked(run, tmp_path):
    outcome = run(tmp_path, pruners=["misshapen", "undefined", "magnitude"], networks=2)
    assert outcome.trained + len(outcome.failures) == 3
    told = open_run(tmp_path).trials().set_index("pruner")
    assert told["status"]["magnitude"] == "done"
    assert told["status"]["misshapen"] == "failed"
    assert told["status"]["undefined"] == "failed" or diverged(tmp_path, "undefined")


def diverged(folder, pruner):
    levels = open_run(folder).table("levels")
    return levels.loc[(levels["pruner"] == pruner) & (levels["level"] > 0), "diverged"].all()


@pytest.mark.parametrize("version", [1, 2])
def test_the_limit_of_a_control_group_is_respected(tmp_path, monkeypatch, version):
    """2 GB for the job, of which 1.5 are taken, 0.5 of those by cached files."""
    own = {1: "7:pids:/job\n4:cpu,memory:/job/step\n", 2: "0::/job/step\n"}
    root = tmp_path / "memory" if version == 1 else tmp_path
    limit, used, cached = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    (root / "job" / "step").mkdir(parents=True)
    (root / "job" / limit).write_text("2000000000\n")
    (root / "job" / used).write_text("1500000000\n")
    (root / "job" / "memory.stat").write_text(f"anon 1\n{cached} 500000000\n")
    (root / "job" / "step" / limit).write_text("max\n")
    (tmp_path / "own").write_text(own[version])
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")
    assert memory.available() == 1_000_000_000
    assert memory.free() == 1_000_000_000 // (2 * jax.local_device_count())
    place, _ = devices.places(1, 2)
    monkeypatch.setenv(memory.PROCESSES, place[memory.PROCESSES])
    assert memory.free() == 1_000_000_000 // (2 * jax.local_device_count() * 2)
    (tmp_path / "own").write_text("nonsense\n")
    assert memory.available() > 1_000_000_000


def test_the_limit_on_the_address_space_is_respected(monkeypatch):
    taken = psutil.Process().memory_info().vms
    monkeypatch.setattr(memory.resource, "getrlimit", lambda which: (taken + 10**8, -1))
    assert abs(memory.available() - 10**8) < 5e7


def test_the_log_follows_no_link_and_a_lock_that_is_a_folder_is_named(run, tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / ".hidden").touch()
    with preparation.logging_to(tmp_path / "one"):
        pass
    (tmp_path / "one" / "run.log").unlink()
    (tmp_path / "one" / "run.log").symlink_to(tmp_path / "precious")
    with preparation.logging_to(tmp_path / "one"):
        logging.getLogger("harness").warning("said")
    assert (tmp_path / "precious").read_text() == "mine"
    (tmp_path / "two" / ".leased").mkdir(parents=True)
    with pytest.raises(CannotWriteError, match=r"\.leased': .* Remove the folder of that name"):
        run(tmp_path / "two")
