"""The tables from which the sections on motifs are made."""

import numpy as np
import pandas as pd

from harness.report import Collection

SUPPORTS = ("all", "live")


def trained(data: Collection) -> pd.DataFrame:
    """Return the motif rows of networks, infinite log ratios (no copy at all) as undefined."""
    table = data.table("motifs")
    return table.assign(log2_ratio=table["log2_ratio"].replace([np.inf, -np.inf], np.nan))


def summed(data: Collection) -> pd.DataFrame:
    """Return the motif rows of whole networks, summed over base layers."""
    table = trained(data)
    return table[table["base_layer"] == -1]


def motif_order(motifs: pd.DataFrame) -> list[str]:
    """Motif names as the metric lists them: by order, then as enumerated."""
    classes = motifs[["order", "motif"]].drop_duplicates()
    return list(classes.sort_values("order", kind="stable")["motif"])
