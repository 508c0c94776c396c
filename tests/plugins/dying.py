"""A metric that ends its process with SIGKILL, as often as a file says."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from harness import AbstractMetric, hookimpl


@dataclass(frozen=True)
class Dying(AbstractMetric):
    """Nothing but a level, if the process lives. The file is named by HARNESS_TEST_DEATHS."""

    name: ClassVar[str] = "dying"

    @property
    def columns(self):
        return {"level": "number of the level"}

    def measure(self, trajectory):
        deaths = Path(os.environ.get("HARNESS_TEST_DEATHS", "none"))
        if deaths.exists() and deaths.read_text():
            deaths.write_text(deaths.read_text()[1:])
            os.kill(os.getpid(), signal.SIGKILL)
        networks = len(next(iter(trajectory.masks(0).values())))
        rows = [{"level": 0, "network": network} for network in range(networks)]
        return pd.DataFrame(rows)


@hookimpl
def register_metrics():
    return [Dying]
