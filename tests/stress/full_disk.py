"""Let the disk be full at many points of a small run, make room, resume, and compare.

    python tests/stress/full_disk.py --points 20

Needs the right to mount a tmpfs (root). Each run is made on a small disk of its own. It must end
with exit code 1 and say what to do, without a traceback; what it had finished must stay as it is;
and with more room the same command must complete it, with the tables of an undisturbed run.
A full disk under the cache, of data sets and compiled programs, must spoil no run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import small_run
from comparing import assert_same_results, files_of

PLENTY = 1 << 28


@contextmanager
def disk(folder: Path, size: int) -> Iterator[None]:
    """A disk of its own for what is in a folder. Raises `CalledProcessError` without the right."""
    folder.mkdir()
    mount("tmpfs", folder, size)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def mount(device: str, folder: Path, size: int, *more: str) -> None:
    """Mount a tmpfs, or change its size with `-o remount`."""
    options = ",".join([f"size={size}", *more])
    command = ["mount", "-t", "tmpfs", "-o", options, device, str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def used(folder: Path) -> int:
    """Bytes of the disk that a folder's files take, in whole pages as a tmpfs counts them."""
    return sum(
        -(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file()
    )


def stress(scratch: Path, points: int) -> list[str]:
    """Fill the disk at so many points, half of them in the trials, half in the report."""
    small_run.caches(scratch)
    reference = scratch / "reference"
    assert small_run.completed(reference) == 0, small_run.said(reference)
    trials, whole = used(reference / "trials"), used(reference)
    half = points // 2
    sizes = [trials * place // half for place in range(half)]
    sizes += [
        trials + (whole - trials) * place // (points - half) for place in range(points - half)
    ]
    filled = [_filled(scratch / f"disk-{size}", max(size, 4096), reference) for size in sizes]
    return [*filled, _without_cache(scratch, reference)]


def _without_cache(scratch: Path, reference: Path) -> str:
    """Run twice with the cache on a disk that has room for next to nothing."""
    cache, run = scratch / "cache", scratch / "uncached"
    command = [sys.executable, "-m", "harness.cli", *small_run.COMMAND, "--out", str(run)]
    environment = {**os.environ, "HARNESS_CACHE": str(cache)}
    del environment["JAX_COMPILATION_CACHE_DIR"]
    with disk(cache, 16_384):
        for _ in range(2):
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"full cache: {done.returncode}: {done.stderr}"
            assert "Traceback" not in done.stderr, done.stderr
            assert_same_results(run, reference)
            shutil.rmtree(run / "trials")
    return "full cache: the run was completed, twice"


def _filled(folder: Path, size: int, reference: Path) -> str:
    with disk(folder, size):
        code, said = small_run.completed(folder), small_run.said(folder)
        assert code == 1, f"{size} bytes: exit code {code}: {said}"
        assert "Free space on that disk, then run the same command again" in said, said
        assert "Traceback" not in said, said
        finished = {path.parent for path in folder.glob("trials/*/trial.json")}
        before = {trial: files_of(trial) for trial in finished}
        mount("tmpfs", folder, PLENTY, "remount")
        code, said = small_run.completed(folder), small_run.said(folder)
        assert code == 0, f"{size} bytes, then room: exit code {code}: {said}"
        assert_same_results(folder, reference)
        for trial, files in before.items():
            kept = {path: files_of(trial)[path] for path in files if path.suffix == ".safetensors"}
            assert kept.items() <= files.items(), f"{trial} was trained again"
    return f"{size:9,} bytes: {len(finished)} of 4 trials were finished and kept"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--points", type=int, default=20)
    with tempfile.TemporaryDirectory() as place:
        for line in stress(Path(place), parser.parse_args().points):
            print(line)
    print("every run said what to do, kept what was finished, and was completed")
