"""Leases on trials and runs: one process alone has each, and what a dead one left is taken over."""

import os
import subprocess
import sys
import time

import pytest
from filelock import SoftFileLease

from harness import UserError
from harness.execution import lease, preparation
from harness.execution.lease import LEASE, check_mount, leased, working

MARKER = "filelock/2\npid={pid}\nhost={host}\nmode=lease\ntoken={token}\nduration={duration!r}\n"


def marker(folder, *, pid=1, host="node-7"):
    """The lease of a process of another machine, as it stands in a folder."""
    folder.mkdir(exist_ok=True)
    text = MARKER.format(pid=pid, host=host, token="0" * 32, duration=lease.DURATION)
    (folder / LEASE).write_text(text)


def test_one_process_alone_has_a_lease_and_leaves_nothing(tmp_path):
    with leased(tmp_path / "trial") as first:
        assert (first.mine, first.holder) == (True, "")
        with leased(tmp_path / "trial") as second:
            assert not second.mine
            assert second.holder.startswith(f"process {os.getpid()} on ")
        assert working(tmp_path / "trial") == second.holder
    assert working(tmp_path / "trial") == ""
    assert list((tmp_path / "trial").iterdir()) == []


def test_the_lease_of_a_process_that_died_is_taken_over_at_once(tmp_path):
    code = """
import os, sys
from pathlib import Path
from harness.execution.lease import leased
with leased(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert (tmp_path / LEASE).exists()
    assert working(tmp_path) == ""
    with leased(tmp_path) as taken:
        assert taken.mine
        assert taken.holder.startswith(f"process {int(done.stdout)} on ")


def test_another_machine_keeps_its_lease_while_its_heart_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "DURATION", 0.4)
    marker(tmp_path)
    assert working(tmp_path) == "process 1 on node-7"
    with leased(tmp_path) as silent:
        assert silent.mine
        assert silent.holder == "process 1 on node-7"
    other = tmp_path / "other"
    marker(other)
    beats = "import os, sys, time\nwhile True: os.utime(sys.argv[1]); time.sleep(0.02)"
    heart = subprocess.Popen([sys.executable, "-c", beats, str(other / LEASE)])
    try:
        time.sleep(0.5)
        with leased(other) as alive:
            assert not alive.mine
    finally:
        heart.kill()
        heart.wait()


def test_an_empty_lease_of_a_process_killed_while_it_made_it_holds_nobody_up(tmp_path):
    (tmp_path / LEASE).write_bytes(b"")
    with leased(tmp_path) as fresh:
        assert not fresh.mine, "it may be about to write its name"
    long_ago = time.time() - 2 * lease.DURATION
    os.utime(tmp_path / LEASE, (long_ago, long_ago))
    with leased(tmp_path) as taken:
        assert taken.mine


def test_a_file_system_that_cannot_hold_leases_is_refused(tmp_path, monkeypatch):
    check_mount(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with monkeypatch.context() as patch:
        patch.setattr(lease.os, "utime", lambda path, times: None)
        with pytest.raises(UserError, match=r"cannot hold leases .*times of files.*another --out"):
            check_mount(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(SoftFileLease, "acquire", lambda self, **how: None)
        patch.setattr(lease, "_on", lambda path: _Shared(path))
        with pytest.raises(UserError, match="two processes can create the same file"):
            check_mount(tmp_path)


class _Shared:
    """A lease on a file system where two processes can create the same file."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.path.touch()

    def __exit__(self, *what):
        self.path.unlink()

    def acquire(self, timeout): ...
    def release(self): ...


def test_a_run_that_another_coordinator_works_on_names_it(tmp_path):
    marker(tmp_path, pid=os.getpid(), host=lease._host())
    named = rf"another process .* \(process {os.getpid()} on .*--out"
    with pytest.raises(UserError, match=named), preparation.locked(tmp_path):
        pass


def test_files_that_others_may_write_are_not_removed(tmp_path):
    theirs = tmp_path / "trials" / ("0" * 16)
    dense = tmp_path / "dense" / ".x.safetensors.a.part"
    dense.parent.mkdir()
    dense.touch()
    with leased(theirs):
        (theirs / ".levels.parquet.a.part").touch()
        (tmp_path / ".run.json.a.part").touch()
        preparation.tidy(tmp_path)
        assert (theirs / ".levels.parquet.a.part").exists()
        assert dense.exists()
        assert not (tmp_path / ".run.json.a.part").exists()
