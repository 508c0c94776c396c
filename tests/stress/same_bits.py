"""Show that moves and renames change no bit: run another commit and the working tree, compare.

    python tests/stress/same_bits.py COMMIT

Installs both as users do, each in an environment of its own, and carries out the same small runs
and studies with each one's command line, on the processor. All tables of these runs, timings and
memory apart, and all masks must be equal bit for bit. The first difference is printed and ends in
exit code 1. Words that a commit has renamed are in `run_contents.py`. `--keep FOLDER` leaves
everything there, and does not run a commit again whose results are there already.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import run_contents

ROOT = Path(__file__).parents[2]
CONTENTS = Path(run_contents.__file__).resolve()

PRUNERS = (
    *("magnitude", "random", "lamp", "lottery[rewind_step=2]", "zahn2022", "snip", "synflow"),
    *("set[every=5]", "rigl[every=5]", "shuffled[of=magnitude]", "reinitialised[of=magnitude]"),
    *("inverted[of=magnitude]", "matched-random[of=magnitude]"),
)
RUNS: dict[str, tuple[str, ...]] = {
    "digits": (
        *("run", "--task", "digits", *(part for name in PRUNERS for part in ("--pruner", name))),
        *("--schedule", "geometric[density=0.1, steps=60, share=0.7]", "--networks", "3"),
        *("--block-width", "3", "--data-seed", "0", "--data-seed", "1"),
    ),
    "blocks": (  # Seeds that are not the default; two blocks, of which one may use two cores.
        *("run", "--task", "digits", "--pruner", "random"),
        *("--schedule", "quick[effort=0.002]", "--networks", "3", "--block-width", "2"),
        *("--seed", "5", "--batch-seed", "2", "--metric", "performance"),
    ),
    "published": (
        *("study", "published[flights=200, draws=2, fewer_draws=2, fewer_networks=1]"),
        *("--networks", "2", "--schedule", "oneshot[density=0.07, steps=20]"),
    ),
    "pruners": (
        *("study", "pruners[flights=1000, data_seeds=1, dense_steps=20, level_steps=2]"),
        # Long strides: the page compares pruners whose networks lose less than a constant does.
        *("--networks", "2", "--schedule"),
        "oneshot[density=0.07776, steps=40, learning_rate=0.02, dense_learning_rate=0.005]",
    ),
}
"""Commands of `harness`, in the words of old commits: options that were renamed stay valid."""


def command(*words: str | Path, log: Path, **settings: Any) -> None:
    """Run a command, its output appended to a file. Ends the script where it fails."""
    with log.open("a") as out:
        print("$", *words, file=out, flush=True)
        if subprocess.run(words, stdout=out, stderr=out, **settings).returncode:
            tail = "\n".join(log.read_text().splitlines()[-30:])
            sys.exit(f"{tail}\nfailed: {' '.join(map(str, words))}")


def environment(side: Path) -> dict[str, str]:
    """The environment variables of one side, which has caches of its own.

    LLVM optimises little unless `XLA_FLAGS` says otherwise: much is compiled, little computed.
    """
    apart = ("PYTHONPATH", "PYTHONHOME", "HARNESS_PLUGINS", "JAX_COMPILATION_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in apart}
    kept.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1")
    return {**kept, "JAX_PLATFORMS": "cpu", "HARNESS_CACHE": str(side / "cache")}


def fetch(commit: str, source: Path) -> None:
    """Copy the files of a commit, or of the working tree where it is empty, ignored ones apart."""
    git = ("git", "-C", str(ROOT))
    source.mkdir(parents=True)
    if commit:
        archive = source.with_suffix(".tar")
        subprocess.run([*git, "archive", "-o", str(archive), commit], check=True)
        shutil.unpack_archive(archive, source, filter="data")
        return
    listed = (*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in set(subprocess.check_output(listed, text=True).split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)


def made(side: Path, commit: str) -> Path:
    """Install one side and make its runs. Returns the folder with their tables and masks."""
    results, log, settings = side / "results", side / "log.txt", environment(side)
    if commit and results.exists():
        return results
    shutil.rmtree(side, ignore_errors=True)
    fetch(commit, side / "source")
    binaries, started = side / "environment" / "bin", time.monotonic()
    command(sys.executable, "-m", "venv", side / "environment", log=log)
    pip = (binaries / "python", "-m", "pip", "install", "-q", ".")
    command(*pip, log=log, cwd=side / "source", env=settings)
    for name, words in RUNS.items():
        out = ("--quiet", "--out", side / "runs" / name)
        command(binaries / "harness", *words, *out, log=log, cwd=side, env=settings)
    read = (binaries / "python", "-P", CONTENTS, side / "runs", side / "part")
    command(*read, log=log, cwd=side, env=settings)
    (side / "part").rename(results)
    print(f"{side.name}: installed and run in {time.monotonic() - started:.0f} s", flush=True)
    return results


def main() -> None:
    """Compare a commit with the working tree."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("commit")
    parser.add_argument("--keep", type=Path, help="a folder for everything")
    asked = parser.parse_args()
    parse = ("git", "-C", str(ROOT), "rev-parse", "--verify", asked.commit + "^{commit}")
    commit = subprocess.check_output(parse, text=True).strip()
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        folder = (asked.keep or Path(scratch)).resolve()
        how = [environment(folder)["XLA_FLAGS"], *map(Path.read_text, (Path(__file__), CONTENTS))]
        before = folder / f"{commit[:12]}-{zlib.crc32(repr(how).encode()):08x}"
        try:
            sides = pool.map(made, (before, folder / "now"), (commit, ""))
            for line in run_contents.compared(*sides):
                print(line)
        except run_contents.DifferenceError as difference:
            sys.exit(f"{difference}")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{(spent.ru_utime + spent.ru_stime) / 60:.1f} minutes of computing on all cores together"
    )
    print(f"the working tree makes the same bits as {commit[:12]}")


if __name__ == "__main__":
    main()
