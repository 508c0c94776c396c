"""Where results come from: versions, device, command, commit and time."""

import importlib.metadata
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

PACKAGES = ("motif-harness", "jax", "jaxlib", "equinox", "optax", "diffrax", "numpy", "pandas")


def provenance(command: Iterable[str]) -> dict[str, Any]:
    """Versions, device, command, commit and time of what starts now."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(command),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }


@cache
def environment() -> str:
    """What decides the bits of a training beside its cell: compiler and device, as one line.

    A training goes on from its checkpoint only where this has not changed.
    """
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("jax", "jaxlib"))
    return f"{versions}, {device()}"


@cache
def device() -> str:
    """The device that JAX computes on; for a processor, its model: the bits depend on it."""
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


def _commit() -> str | None:
    """The commit of the harness's own checkout, where it is one; a plus sign if it was changed."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        say = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"]
        return subprocess.run(say, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def command_line() -> list[str]:
    """The command that runs now, as a person would type it."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]
