"""Run the trials of a run folder as SLURM jobs by submitit.

harness run experiment.toml --out RUN --plan
python submitit_trials.py RUN
harness report RUN
"""

import sys
from pathlib import Path

import submitit

from harness.execution.run_trial import run_trial, spec_of
from harness.execution.standing import standings


def main(folder: Path) -> None:
    """Submit what is not done, wait for it, and print how each trial ended."""
    specs = [spec_of(folder, one.trial) for one in standings(folder) if one.status != "done"]
    executor = submitit.AutoExecutor(folder / "submitit", cluster="slurm")
    executor.update_parameters(timeout_min=120, cpus_per_task=2, slurm_array_parallelism=20)
    jobs = executor.map_array(run_trial, specs, [folder] * len(specs))
    failures = [job.result()[1].failures for job in jobs]
    statuses = {one.trial: one.status for one in standings(folder)}
    for spec, failed in zip(specs, failures, strict=True):
        print(spec.key, statuses[spec.key], *failed)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
