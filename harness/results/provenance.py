"""Where results come from: versions, device, command, commit and time."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from harness.results import commits

PACKAGES = ("motif-harness", "jax", "jaxlib", "equinox", "optax", "diffrax", "numpy", "pandas")


def provenance(command: Iterable[str], plugins: Iterable[Path] = ()) -> dict[str, Any]:
    """Return versions, device, command, commit and time of a run that starts now.

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
    }


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
