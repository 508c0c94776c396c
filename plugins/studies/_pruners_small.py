"""The second part of the study `pruners`: small networks from two starts, twelve replicates."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pandas as pd

from harness.report import RunTables, collect
from harness.report import conditions as by
from harness.report.pruner_comparison import CONTROLS, pruner_comparisons
from harness.report.sections.matched import quantities_at_loss
from harness.tables.collection import name_of
from harness.tables.schema import Family

from . import _pruners_tables as tables
from ._pruners_expectations import MARGIN as APART
from ._pruners_expectations import ONE_SHOT

STARTS = {"published-like": "small-published-like", "Glorot": "small-glorot"}
"""The run of all pruners from each start; `-one-shot` follows in the name of the other."""

STRENGTH_MARGIN = 1.0
"""A factor of 2 in strength, in log2."""

LEFT = 2.0
"""Strength under `degree` above which something is left that degrees do not explain."""

LESS, MORE, CLOSE, OPEN = "loses less", "loses more", "no more than 10 % apart", "open"
BASELINE = "magnitude"
_SHOWN = 0.05


def there(runs: Mapping[str, RunTables]) -> bool:
    """Return whether the second part was run."""
    return {*STARTS.values()} <= {*runs}


def of_start(runs: Mapping[str, RunTables], start: str) -> dict[str, RunTables]:
    """Return the runs from one start under the names that the first part's have."""
    name = STARTS[start]
    return {"pruners": runs[name], ONE_SHOT: runs[f"{name}-{ONE_SHOT}"]}


def losses(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return loss over magnitude's by start, pruner and density, each with its `verdict`."""
    parts = []
    for start in STARTS:
        found = tables.beside(tables.losses(of_start(runs, start)))
        parts.append(found.assign(start=start))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(verdict=[_loss_verdict(row) for _, row in table.iterrows()])


def _loss_verdict(row: "pd.Series[float]") -> str:
    if row["adjusted"] <= _SHOWN:
        return LESS if row["ratio"] < 1 else MORE
    return CLOSE if row["low"] >= 1 / APART and row["high"] <= APART else OPEN


def judged(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return each expectation at each density by start, as `_pruners_tables.judged`."""
    parts = [
        tables.judged(tables.losses(of_start(runs, start))).assign(start=start) for start in STARTS
    ]
    return pd.concat(parts, ignore_index=True)


def without_floors(found: pd.DataFrame) -> dict[str, float]:
    """Return by start the least density at which no pruner but a control is left out.

    **Arguments:** `found` is the result of `losses`.
    """
    least = {}
    for start, part in found.groupby("start", sort=False):
        pruners = {name for name in part["pruner"] if not _control(name)}
        known = part[part["ratio"].notna()]
        number = known[known["pruner"].isin(pruners)].groupby("density")["pruner"].nunique()
        every = number.index[number == len(pruners)].to_numpy(dtype=float)
        if every.size:
            least[str(start)] = float(every.min())
    return least


def _control(name: str) -> bool:
    return name_of(name) in CONTROLS or name == ONE_SHOT


def strengths(run: RunTables) -> pd.DataFrame:
    """Return a row for each network at `CHOSEN`: its strengths; conditions at the floor left out.

    `strength` is under `layered`, `degree_strength` under `degree`, `control` that of a graph with
    unequal degrees alone in the network's place, under `layered`.
    """
    whole = tables.whole(run)
    whole = whole[(whole["density"] == tables.CHOSEN) & ~whole["left_out"]]
    key = ["pruner", "data_seed"]
    kept = pd.MultiIndex.from_frame(whole[key].drop_duplicates())
    sampled = run.table("sampled")
    sampled = sampled[(sampled["base_layer"] == -1) & (sampled["null"] == "degree")]
    motifs = run.table("motifs")
    alone = motifs[(motifs["support"] == "unequal-degrees") & (motifs["base_layer"] == -1)]
    alone = alone[alone["density"] == tables.CHOSEN]
    found = {
        "strength": by.strength(whole, *key),
        "degree_strength": by.strength(sampled, *key),
        "control": by.strength(alone, *key),
    }
    return pd.DataFrame({name: one.reindex(kept) for name, one in found.items()}).reset_index()


def at_density(found: pd.DataFrame) -> pd.DataFrame:
    """Return log2 of strength over magnitude's by pruner, paired by data seed, with `verdict`."""
    pairs = {name: (name, BASELINE) for name in found["pruner"].unique() if name != BASELINE}
    table = by.differences(found, ["pruner"], "strength", pairs, geometric=True)
    verdicts = [by.verdict(row, STRENGTH_MARGIN) for _, row in table.iterrows()]
    return table.rename(columns={"comparison": "pruner"}).assign(verdict=verdicts)


def at_loss(run: RunTables) -> pd.DataFrame:
    """Return the same where each network's loss first exceeds 1.25 times the dense loss."""
    (comparison,) = pruner_comparisons(collect([run]))
    motifs = run.table("motifs")
    rows = motifs[(motifs["base_layer"] == -1) & (motifs["support"] == "all")]
    place = ["trial", "network", "level"]
    strength = by.strength(rows, *place).rename("strength").reset_index()
    value = strength.assign(quantity="strength", value=by.log2(strength["strength"]))
    family = Family("strength", "strength", "strength", value, ("strength",))
    table = quantities_at_loss(comparison, family).rename(columns={"difference": "value"})
    verdicts = [by.verdict(row, STRENGTH_MARGIN) for _, row in table.iterrows()]
    return table.assign(verdict=verdicts)


def beyond_degrees(found: pd.DataFrame) -> pd.DataFrame:
    """Return the geometric mean strength under `degree` by pruner, and what it says."""
    means = by.means(found.assign(one=""), ["pruner", "one"], ["degree_strength", "control"],
                     geometric=True)  # fmt: skip
    table = means[means["outcome"] == "degree_strength"]
    control = means[means["outcome"] == "control"].set_index("pruner")["value"]
    said = [by.left(row, LEFT) for _, row in table.iterrows()]
    return table.assign(verdict=said, control=table["pruner"].map(control)).drop(columns="one")


def landscape(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return all outcomes at `CHOSEN`, a row a start, pruner and outcome, with their verdicts.

    `value`, `low` and `high` are log2 of ratios to magnitude; of `degrees` log2 of the strength.
    Made once for the first screen and the sections.
    """
    return _landscape(tuple(runs.items()))


@lru_cache(maxsize=2)
def _landscape(named: tuple[tuple[str, RunTables], ...]) -> pd.DataFrame:
    parts, runs = [], dict(named)
    lost = losses(runs)
    for start in STARTS:
        run = of_start(runs, start)["pruners"]
        found = strengths(run)
        loss = lost[(lost["start"] == start) & (lost["density"] == tables.CHOSEN)]
        logs = {
            name: by.log2(loss[one])
            for name, one in (("value", "ratio"), ("low", "low"), ("high", "high"))
        }
        left = beyond_degrees(found)
        left = left.assign(**{name: by.log2(left[name]) for name in ("value", "low", "high")})
        outcomes = {
            "loss": loss.assign(**logs),
            "strength at equal density": at_density(found),
            "strength at equal loss": at_loss(run),
            "degrees": left,
        }
        columns = ["pruner", "n", "value", "low", "high", "verdict"]
        parts += [
            table[columns].assign(start=start, outcome=name) for name, table in outcomes.items()
        ]
    # Where one of them has no row, its columns are of objects, which charts do not take.
    return pd.concat(parts, ignore_index=True).astype(
        dict.fromkeys(("value", "low", "high"), float)
    )


def agreeing(table: pd.DataFrame, outcome: str, sign: float) -> list[str]:
    """Return the pruners for which an outcome is beyond the margin on one side from both starts."""
    rows = table[(table["outcome"] == outcome) & (np.sign(table["value"]) == sign)]
    clear = rows[rows["verdict"].isin([by.BEYOND, LESS, MORE])]
    counts = clear.groupby("pruner", sort=False)["start"].nunique()
    return [str(name) for name in counts.index[counts == len(STARTS)]]


def depending(table: pd.DataFrame) -> list[str]:
    """Return the pruners that lose less from one start, and more or as much from the other."""
    rows = table[table["outcome"] == "loss"]
    wide = rows.pivot(index="pruner", columns="start", values="verdict").dropna()
    return [
        str(name) for name, row in wide.iterrows() if LESS in set(row) and set(row) & {MORE, CLOSE}
    ]
