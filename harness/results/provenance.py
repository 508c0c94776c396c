"""Where results come from: versions, device, command, commit and time."""

import importlib.metadata
import platform
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from harness.results import commits

PACKAGES = ("motif-harness", "jax", "jaxlib", "equinox", "optax", "diffrax", "numpy", "pandas")


def provenance(command: Iterable[str], plugins: Iterable[Path] = ()) -> dict[str, Any]:
    """Return versions, device, command, commit, time and work of a run that starts now.

    `plugins` are the files of plugins that are not the harness's own: their commits are noted too.
    """
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(command),
        "commit": commits.of_harness(),
        "plugins": commits.of_plugins(plugins),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "clock": clock(),
    }


def clock() -> dict[str, float]:
    """Return the seconds since 1970, and of work so far: of all processors, and of this process.

    Work counts from when the machine and the process started, that of its children included.
    Between two runs of one process, the differences say how long the first took, and how much work
    other processes did meanwhile.
    """
    own = psutil.Process()
    mine = _work(own.cpu_times())
    for child in own.children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            mine += _work(child.cpu_times())
    work = {"machine": _work(psutil.cpu_times()), "process": mine}
    return {name: round(seconds, 2) for name, seconds in {"time": time.time(), **work}.items()}


def _work(times: Any) -> float:
    # Waiting is no work, and the time of guests is part of the user's.
    left_out = ("idle", "iowait", "guest", "guest_nice")
    return sum(seconds for kind, seconds in times._asdict().items() if kind not in left_out)


@cache
def environment() -> str:
    """Return in one line what decides the bits of a training beside its trial.

    It names compiler and device. A training resumes only where it has not changed.
    """
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "jaxlib"))
    return f"{versions}, {device()}"


@cache
def device() -> str:
    """Return the device that JAX computes on; for a processor, its model: the bits depend on it."""
    import jax

    kind = jax.devices()[0].device_kind
    if jax.default_backend() == "cpu":
        kind = _processor() or kind
    several = f", {number} devices" if (number := jax.local_device_count()) > 1 else ""
    return f"{kind} ({jax.default_backend()}{several})"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor()


def command_line() -> list[str]:
    """Return the command that runs now, as a person would type it."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]
