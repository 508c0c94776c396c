"""The two starts from which studies train: Glorot's, and one as saturated as the published."""

import pandas as pd

GLOROT, PUBLISHED_LIKE = "Glorot", "published-like"
"""Published-like weights have an sd times the root of the width of 4, as 0.2 has at width 400."""


def start_of(architectures: "pd.Series[str]", other: str = PUBLISHED_LIKE) -> "pd.Series[str]":
    """Return the start of each architecture by its label: `GLOROT`, or else the `other`."""
    glorot = architectures.str.contains("initial=glorot", regex=False)
    return glorot.map({True: GLOROT, False: other})
