"""A small run as the command line makes it, in a process that can be killed at any moment."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).parents[1] / "plugins"
COMMAND = (
    *("run", "--plugin", str(PLUGINS / "small_tasks.py"), "--task", "tiny", "--schedule", "tiny"),
    *("--pruner", "magnitude", "--pruner", "random", "--networks", "4", "--block-width", "2"),
    *("--metric", "performance", "--metric", "motifs[orders=[2]]", "--quiet"),
)
"""Four trials of two networks, four levels each; two metrics."""

_context = multiprocessing.get_context("forkserver")
# What is imported once, so that a process begins to work at once. Nothing of it computes.
_PAGE = ("harness.report.pages.writer", "harness.report.sections")
_context.set_forkserver_preload(["harness.api", *_PAGE, "diffrax"])


def caches(folder: Path) -> None:
    """Compile once for all runs: the processes share a compilation cache in this folder."""
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder / "jax")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["HARNESS_CACHE"] = str(folder / "harness")
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


def started(
    folder: Path, *more: str, page: bool = True, cores: int | None = None
) -> "multiprocessing.Process":
    """A process that makes or resumes the small run in `folder`, writing checkpoints all the time.

    `more` are options of the command, `cores` to how many cores the system holds it. Without `page`
    its report is its data only. What it prints is in `folder` with the ending `.out`; its exit code
    is that of the command.
    """
    arguments = (folder, more, page, cores, dict(os.environ))
    process = _context.Process(target=_work, args=arguments)
    process.start()
    return process


def _work(
    folder: Path,
    more: tuple[str, ...],
    page: bool,
    cores: int | None,
    environment: dict[str, str],
) -> None:
    os.environ.update(environment)
    if cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    out = os.open(folder.with_suffix(".out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)

    from harness import files, report
    from harness.cli import main
    from harness.execution import trial_training

    trial_training.CHECKPOINT_SECONDS = 0.0
    if not page:
        report.build = _data_only(files.write_table, report.collect)
    sys.argv = ["harness", *COMMAND, *more]
    main([*COMMAND, *more, "--out", str(folder)])


def _data_only(write: Callable[..., str], collect: Callable[..., Any]) -> Callable[..., Path]:
    def build(runs: Any, out: Path, metrics: Any = None) -> Path:
        write(out / "levels.parquet", collect(runs).levels)
        return out

    return build


def completed(folder: Path, *more: str, page: bool = True, cores: int | None = None) -> int | None:
    """Run or resume to the end. Returns the exit code."""
    process = started(folder, *more, page=page, cores=cores)
    process.join()
    return process.exitcode


def said(folder: Path) -> str:
    """What the last process of a folder printed."""
    return folder.with_suffix(".out").read_text()
