"""A plugin that sends a run's losses to MLflow while it goes on.

    pip install mlflow
    harness run ... --plugin examples/track_with_mlflow.py --observer mlflow

Each trial is a run of MLflow: its condition as parameters, and the median losses over its networks
as metrics, a step for each level.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness import AbstractObserver, Event, hookimpl


@dataclass(frozen=True)
class MLflow(AbstractObserver):
    """Send losses to MLflow, which must be installed.

    **Parameters:**

    - `experiment`: the name of MLflow's experiment; that of the run folder if empty
    """

    name: ClassVar[str] = "mlflow"
    experiment: str = ""

    def observe(self, event: Event) -> None:
        """Open a run of MLflow at a trial's start, and log levels, measurements and failures."""
        import mlflow

        key = str(event.trial["trial"])
        if event.what == "start":
            mlflow.end_run()
            mlflow.set_experiment(self.experiment or event.root.name)
            mlflow.start_run(run_name=key)
            mlflow.log_params({name: str(value) for name, value in event.trial.items()})
        elif event.what == "level":
            losses = {name: event.facts[name] for name in ("train_loss", "validation_loss")}
            medians = {name: float(np.median(values)) for name, values in losses.items()}
            density = float(event.facts["density"])
            mlflow.log_metrics({**medians, "density": density}, step=int(event.facts["level"]))
        elif event.what == "measured":
            mlflow.set_tag(f"measured {event.facts['metric']}", len(event.facts["table"]))
        else:
            mlflow.set_tag("error", event.facts["error"])
            mlflow.end_run("FAILED")


@hookimpl
def register_observers() -> list[type[MLflow]]:
    """Offer the observer to the harness."""
    return [MLflow]
