"""The tables that sections on motifs are made of."""

import numpy as np
import pandas as pd

from harness.report import Collection

SUPPORTS = ("all", "live")


def trained(data: Collection) -> pd.DataFrame:
    """The motif rows of networks; an infinite log ratio (no copy at all) has no mean: undefined."""
    table = data.table("motifs")
    return table.assign(log2_ratio=table["log2_ratio"].replace([np.inf, -np.inf], np.nan))


def summed(data: Collection) -> pd.DataFrame:
    """The motif rows of whole networks: summed over base layers."""
    table = trained(data)
    return table[table["base_layer"] == -1]


def motif_order(motifs: pd.DataFrame) -> list[str]:
    """Motif names as the metric lists them: by order, then as enumerated."""
    classes = motifs[["order", "motif"]].drop_duplicates()
    return list(classes.sort_values("order", kind="stable")["motif"])
