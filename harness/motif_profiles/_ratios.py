"""How many times the expected copies a network has, and how many random networks have."""

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CENTRAL = 0.95
"""The share of random networks that a null interval holds, if their counts are normal."""
_SDS = NormalDist().inv_cdf((1 + CENTRAL) / 2)


def with_ratios(table: "pd.DataFrame") -> "pd.DataFrame":
    """Add how a count, and those of random networks, compare with the expected count.

    - ratio: count / expected; infinite if none are expected, NaN if there are none either
    - null_low, null_high: the central 95 % of the null, expected ± 1.96 sd and not below 0, over
      expected; NaN where z is undefined though the count varies
    - expected_error: half the 95 % interval of expected over expected, of draws; 0 if exact
    """
    columns = ("count", "expected", "sd", "z", "effective")
    count, expected, sd, z, effective = (table[name].to_numpy(dtype=float) for name in columns)
    positive = np.where(expected > 0, expected, np.nan)
    spread = _SDS * np.where((sd > 0) & np.isnan(z), np.nan, sd) / positive
    none = (expected == 0) & (count > 0)
    drawn = table["draws"].notna().to_numpy()
    return table.assign(
        ratio=np.where(none, np.inf, count / positive),
        null_low=np.maximum(1 - spread, 0),
        null_high=1 + spread,
        expected_error=np.where(drawn, spread / np.sqrt(effective), np.where(sd >= 0, 0.0, np.nan)),
    )
