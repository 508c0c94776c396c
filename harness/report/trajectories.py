"""Networks of one pruner along their levels, as arrays."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from harness.tables.collection import NETWORK

if TYPE_CHECKING:
    from pandas.core.groupby import DataFrameGroupBy


@dataclass(frozen=True)
class Trajectories:
    """The networks of one pruner along their levels, from its `rows` in order of levels.

    A network with fewer levels than another is NaN after its last.
    """

    rows: pd.DataFrame

    @property
    def networks(self) -> pd.MultiIndex:
        """The networks, as the columns `NETWORK` name them."""
        return pd.MultiIndex.from_frame(self._grouped.size().reset_index()[list(NETWORK)])

    @cached_property
    def _grouped(self) -> "DataFrameGroupBy":
        return self.rows.groupby(list(NETWORK))

    @cached_property
    def _places(self) -> tuple[Int[np.ndarray, " rows"], Int[np.ndarray, " rows"]]:
        """The network and the level of each row, by number."""
        return self._grouped.ngroup().to_numpy(), self._grouped.cumcount().to_numpy()

    def spread(self, values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "networks levels"]:
        """Return the values of rows by network and level."""
        network, level = self._places
        found = np.full((network.max(initial=-1) + 1, level.max(initial=-1) + 1), np.nan)
        found[network, level] = values
        return found

    def log(self, name: str) -> Float[np.ndarray, "networks levels"]:
        """Return log10 of a column, NaN for values that are not positive."""
        numbers = self.rows[name].to_numpy(dtype=float)
        logs = np.log10(numbers, out=np.full(numbers.shape, np.nan), where=numbers > 0)
        return self.spread(logs)
