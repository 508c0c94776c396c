#!/bin/bash
# One trial of a run folder in each task of a SLURM array:
#   harness run experiment.toml --out RUN --plan
#   sbatch --array=1-$(harness plan RUN --json | grep -c '"trial"') slurm_array.sh RUN
#   harness report RUN        # when all have ended
#SBATCH --time=2:00:00 --cpus-per-task=2 --requeue
KEYS=$(harness plan "$1" --json | grep '"trial"' | cut -d '"' -f 4)
harness run "$1" --trial "$(sed -n "${SLURM_ARRAY_TASK_ID}p" <<< "$KEYS")"
