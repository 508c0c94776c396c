"""The unit of replication: which networks count as one replicate, and what a result holds for.

Replicates share nothing that a statement is about. Networks of one data seed share their data and
the order of batches. From results of version `OWN_STARTS` on, networks of two data seeds share
nothing; before, network i had the same initial weights and pruning keys under every data seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from harness.tables.collection import NETWORK, Collection, seed_in
from harness.tables.parts import counted, listed

OWN_STARTS = 3
"""The first version of results in which data seeds do not share initial weights."""

FEWEST_DATA_SEEDS = 6
"""From this number on, data seeds are the units, with their networks averaged."""


@dataclass(frozen=True)
class Units:
    """What counts as one replicate among some networks.

    `keys` are the columns whose values identify a network's unit; `noun` names the units; `scope`
    says what an interval or a p over them holds for; `warning` says what the networks share that
    they should not, empty if nothing.
    """

    keys: tuple[str, ...]
    noun: str
    scope: str
    warning: str = ""

    def __str__(self) -> str:
        """Return the unit and its scope, for captions and tables."""
        return f"{self.noun}, {self.scope}"

    def averaged(self, values: pd.DataFrame) -> pd.DataFrame:
        """Return a row for each unit: means over the defined values of its networks.

        The index of `values` has the levels `NETWORK`.
        """
        if set(self.keys) == set(NETWORK):
            return values
        return values.groupby(level=list(self.keys), sort=False).mean()

    def count(self, networks: pd.DataFrame) -> int:
        """Count the units of these networks; `networks` has the columns `NETWORK`."""
        return len(networks[list(self.keys)].drop_duplicates())


def units_of(networks: pd.DataFrame) -> Units:
    """Return the units of some networks, which have the columns `NETWORK` and `version`.

    With one data seed, or one network per data seed, the network is the unit. With several networks
    per data seed, the data seed is the unit from `FEWEST_DATA_SEEDS` data seeds on; with fewer the
    network is, and results hold for these data sets. If data seeds share starts, the start is.
    """
    found = networks[[*NETWORK, "version"]].drop_duplicates()
    seeds = found["data_seed"].nunique()
    if seeds < 2:
        return Units(NETWORK, "networks", "given one data set")
    if not (found["version"] >= OWN_STARTS).all():
        warning = (
            "Networks of one number are averaged over data seeds and count once: in these older "
            "runs (or runs without a version) network i starts from the same weights under every "
            "data seed."
        )
        return Units(("seed", "network"), "starts", f"given these {seeds} data sets", warning)
    if not found.duplicated("data_seed").any():
        return Units(NETWORK, "networks", "each with its own data")
    if seeds >= FEWEST_DATA_SEEDS:
        return Units(("data_seed",), "data seeds", "each with its own data")
    return Units(NETWORK, "networks", f"given these {seeds} data sets")


def named(data: Collection, table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that identify a row's network, and `version`."""
    columns = ["seed", "data_seed", "version", "task"]
    trials = data.trials.set_index("trial")[columns].reindex(table["trial"].astype(object))
    return table.assign(**{name: trials[name].to_numpy() for name in columns})


def by_condition(data: Collection) -> dict[str, Units]:
    """Return the units of each condition."""
    networks = named(data, data.levels.drop_duplicates(["trial", "network"]))
    return {
        str(condition): units_of(part)
        for condition, part in networks.groupby("condition", sort=False, observed=True)
    }


def said(units: Sequence[Units]) -> str:
    """List units, each once, for captions."""
    return listed(list(dict.fromkeys(map(str, units))))


def warnings(data: Collection) -> list[str]:
    """Warn of what networks of different runs or data seeds share but replicates should not."""
    found = list(dict.fromkeys(one.warning for one in by_condition(data).values() if one.warning))
    trials = data.trials[data.trials["status"] == "done"]
    for task, part in trials.groupby("task", sort=False):
        runs = part.groupby("run")
        by_run = {str(run): set(map(tuple, p[["seed", "data_seed"]].to_numpy())) for run, p in runs}
        same = _in_common(by_run)
        if same:
            found.append(
                f"Runs {listed(same)} have the same seed and data seed: their networks of {task} "
                f"share initial weights and data{_batches(data, same)}; they are compared and "
                "never counted twice."
            )
            continue
        shared = _in_common({run: {data for _, data in pairs} for run, pairs in by_run.items()})
        if shared:
            found.append(
                f"Runs {listed(shared)} have data seeds in common: their networks of {task} share "
                "data and only replicate the initialisation."
            )
    return found


def _batches(data: Collection, names: Sequence[str]) -> str:
    """Name the batch seeds of these runs, if they differ."""
    seeds = {run.path.name: seed_in(run.experiment, "batch_seed") for run in data.runs}
    seeds = {name: seeds[name] for name in names}
    if len(set(seeds.values())) == 1:
        return ""
    listing = listed([f"{seed} in {name}" for name, seed in seeds.items()])
    return f", but not the order of batches (batch seed {listing})"


def _in_common(by_run: dict[str, set]) -> list[str]:
    """Return the runs that share anything with another."""
    return [
        run
        for run, own in by_run.items()
        if any(own & other for name, other in by_run.items() if name != run)
    ]


def networks_of(table: pd.DataFrame) -> "pd.Series[int]":
    """Count the networks of each condition of a table, by their trial and number."""
    once = table.drop_duplicates(["trial", "network"])
    return once.groupby("condition", observed=True).size()


def range_of(counts: "pd.Series[int]", thing: str) -> str:
    """Format counts for a sentence: 8 networks, or 6 to 8 networks."""
    least, most = int(counts.min()), int(counts.max())
    return counted(most, thing) if least == most else f"{least} to {most} {thing}s"
