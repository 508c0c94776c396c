"""The networks of a run as PyTorch state dicts, a file for each network and level."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from safetensors.numpy import save_file

from harness import Run

if TYPE_CHECKING:
    import pandas as pd

CONDITION = ("trial", "task", "architecture", "pruner", "schedule", "data_seed")
Levels = Literal["all", "last"]


def write(run: Run, folder: Path, levels: Levels) -> "pd.DataFrame":
    """Write the finished networks of a run, and return a row for each file with its condition.

    Arrays have the names and axes of `state_dict()`, such as `layers.0.weight`, out x in. A file
    has the weights, zero where pruned, if they were kept; one that ends in `.masks.safetensors`
    has 1 where a weight is kept, else 0, under the same names.
    """
    import pandas as pd

    table = run.table("levels", ["network", "level", "density", *CONDITION])
    rows = []
    for place, group in table.groupby(["trial", "level"], sort=False):
        trial, level = str(place[0]), int(str(place[1]))
        if levels == "last" and level != table["level"][table["trial"] == trial].max():
            continue
        masks, weights = run.masks(trial, level), run.weights(trial, level)
        kept = {name: mask.astype(np.float32) for name, mask in masks.items()}
        for number, network in enumerate(sorted(group["network"])):
            path = Path("networks", trial, f"network-{network:04d}", f"level-{level:02d}")
            for ending, arrays in ((".safetensors", weights), (".masks.safetensors", kept)):
                if arrays is not None:
                    one = {name: np.array(leaf[number]) for name, leaf in arrays.items()}
                    _save(folder / f"{path}{ending}", one)
                    rows.append((f"{path}{ending}", trial, network, level))
    files = pd.DataFrame(rows, columns=["file", "trial", "network", "level"])
    return files.merge(table, on=["trial", "network", "level"])


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(arrays, path, {"format": "pt"})
