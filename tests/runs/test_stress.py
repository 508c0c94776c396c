"""The stress tests of tests/stress in short; each is a script for the whole of it."""

import os
import subprocess

import full_disk
import fuzz
import kill
import kill_elsewhere
import pandas as pd
import pytest
import run_contents


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """A stress test sets where its processes have their caches: only as long as it lasts."""
    names = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS")
    for name in (*names, "HARNESS_CACHE", "XLA_FLAGS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.mark.slow
def test_killed_runs_resume_to_the_same_tables(tmp_path):
    assert kill.stress(tmp_path, kills=4).total() >= 4


@pytest.mark.slow
def test_killed_workers_and_coordinators_lose_nothing_and_pairs_do_nothing_twice(tmp_path):
    work = kill_elsewhere.Stress(tmp_path)
    work.workers(1, kill_elsewhere.LOCAL[:1])
    work.coordinators(1, kill_elsewhere.LOCAL[:1])
    work.pairs(1)
    assert work.hits.total() == 3


@pytest.mark.slow
def test_a_full_disk_loses_nothing(tmp_path):
    try:
        with full_disk.disk(tmp_path / "trial", 1 << 16):
            pass
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount a small disk")
    assert len(full_disk.stress(tmp_path, points=2)) == 3


@pytest.mark.slow
def test_damaged_folders_and_files_end_in_a_clear_error_or_a_repair(tmp_path):
    found = fuzz.stress(tmp_path, cases=30, seed=1)
    assert found.total() == 30
    assert found["folder: repaired"] > 5
    assert found["file: refused with its place"] > 5


def test_any_changed_number_is_found_in_what_runs_hold(finished, tmp_path):
    for side in ("one", "other"):
        run_contents.dump(finished, tmp_path / side)
    (line,) = run_contents.compared(tmp_path / "one", tmp_path / "other")
    assert line.endswith("8 mask files equal")
    (path,) = (tmp_path / "other").rglob("levels.parquet")
    levels = pd.read_parquet(path)
    levels.loc[3, "train_loss"] = -levels.loc[3, "train_loss"]
    levels.to_parquet(path)
    with pytest.raises(run_contents.DifferenceError, match=r"train_loss: .*1 values differ"):
        list(run_contents.compared(tmp_path / "one", tmp_path / "other"))
