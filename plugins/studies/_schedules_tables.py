"""The tables of the study `schedules`: distances of profiles between a network and its twins."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import stats
from harness.report import RunTables, Units, conditions
from harness.report.constant_predictor import MOST, marked

from ._starts import start_of
from .schedules import DENSITY

BASELINE, OTHER_START, BATCHES = "geometric", "other start", "batch order"
"""The network that all others are twins of, and the twins that are no schedule."""

PRIMARY = "jitter 0.3"
MARGIN = 0.5
"""Of the distance between two starts."""

FACTOR = 1.0
"""The margin of log2 strength: a factor of 2."""

CONTROLS = {"degree-drawn": "its degrees, drawn", "unequal-degrees": "unequal degrees alone"}
"""Random graphs in the place of a twin, by the support of `motifs`."""

NULLS = {"layered": "motifs", "degree": "sampled"}
"""The tables of z by null."""

OUTCOMES = {
    "strength": "strength: z under layered",
    "beyond_degrees": "beyond degrees: z under degree",
    "loss": "loss / best constant's",
}
"""Outcomes of single networks, compared as log2; those of z are root mean squares over classes."""

DEPENDS, NO_MORE = "depends on it", "no more than on batch order"
WITHIN, OPEN = conditions.WITHIN, conditions.OPEN

_PLACE = ["regime", "twin", "data_seed"]


def outcomes(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return one row a network that did not diverge, at `DENSITY`: `_PLACE` and `OUTCOMES`.

    `steps` are those trained up to there; `at_floor` says whether the loss is no better than that
    of a constant.
    """
    parts = []
    for run in runs.values():
        levels = conditions.sound(run.table("levels"))
        trained = levels.groupby(["trial", "network"])["steps"].cumsum()
        ends = levels[np.isclose(levels["density"], DENSITY)]
        batch = int(run.experiment["batch_seed"])
        found = conditions.networks(run, ends).assign(
            at_floor=marked(ends),
            regime=start_of(ends["architecture"]),
            twin=[_twin(str(row["schedule"]), batch, row["network"]) for _, row in ends.iterrows()],
            steps=trained,
        )
        for outcome, null in (("strength", "layered"), ("beyond_degrees", "degree")):
            z = _whole(run, null)
            z = z[z["support"] == "all"]
            found[outcome] = found["trial"].map(conditions.strength(z))
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def profiles(runs: Mapping[str, RunTables], found: pd.DataFrame, null: str) -> pd.DataFrame:
    """Return z by class, a row each of `_PLACE`; under `layered` `CONTROLS` are twins too."""
    parts = []
    for run in runs.values():
        rows = _whole(run, null).merge(found[["trial", "regime", "twin"]], on="trial")
        control = rows["support"].map(CONTROLS)
        rows = rows[control.isna() | (rows["twin"] == BASELINE)]
        parts.append(rows.assign(twin=control[rows.index].fillna(rows["twin"])))
    wide = pd.concat(parts).pivot(index=_PLACE, columns="motif", values="z")
    return wide.replace([np.inf, -np.inf], np.nan).dropna(axis=1)


def units(found: pd.DataFrame) -> Units:
    """Return what counts as one replicate: each twin has one network a data seed."""
    return conditions.units(found[found["twin"] == BASELINE])


def at_floor(found: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the regimes and twins that are not compared: too many networks at the floor."""
    shares = found.groupby(_PLACE[:2], sort=False)["at_floor"].mean()
    return [(str(regime), str(twin)) for regime, twin in shares[shares > MOST].index]


def distances(runs: Mapping[str, RunTables], found: pd.DataFrame) -> pd.DataFrame:
    """Return the distance of each kind of twin over that between two starts, by null and regime.

    `value` with the 95 % interval `low`, `high`: no noise taken off, the most that it can be.
    `least`, `least_low`, `least_high`: the noise of two unrelated networks taken off. `near` with
    its interval: as `value`, of the half of pairs nearest in loss, whose losses differ by
    `near_loss` times on average. `excess` with its interval, `p` and `adjusted` (for the twins of a
    null and regime): how much further its squared distance is than that of another batch order, in
    squared start-distances. `start`: the distance of two starts over the profile's length.
    """
    barred = at_floor(found)
    loss = found.set_index(_PLACE)["loss"]
    tables = []
    for null in NULLS:
        z = profiles(runs, found, null)
        draws = 100 if null == "degree" else 0
        for regime in z.index.unique("regime"):
            rows = {
                str(twin): part.droplevel([0, 1])
                for twin, part in z.loc[[regime]].groupby(level="twin", sort=False)
                if (str(regime), str(twin)) not in barred
            }
            if {BASELINE, OTHER_START, BATCHES} <= set(rows):
                made = _distances(rows, draws, _log_ratios(loss[regime]))
                tables.append(made.assign(null=null, regime=regime))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _log_ratios(loss: "pd.Series[float]") -> pd.DataFrame:
    """Return |log2| of each twin's loss over that of its baseline: a row a data seed."""
    wide = loss.unstack("twin")
    return wide.div(wide[BASELINE], axis=0).map(np.log2).abs()


def _distances(rows: Mapping[str, pd.DataFrame], draws: int, ratios: pd.DataFrame) -> pd.DataFrame:
    base = rows[BASELINE]
    length = stats.signal(base.to_numpy(), stats.Noise(draws=draws))
    raw, corrected = {}, {}
    for twin, part in rows.items():
        if twin != BASELINE:
            pair = base.to_numpy(), part.reindex(base.index).to_numpy()
            most, least = (value / length for value in squared(*pair, draws))
            raw[twin], corrected[twin] = (pd.Series(one, base.index) for one in (most, least))
    start = corrected[OTHER_START]
    made = []
    for twin, values in raw.items():
        near = _nearest(ratios.get(twin))
        entry = {"twin": twin, "n": int((values + start).notna().sum())}
        entry |= _named("", ratio(values, start)) | _named("least", ratio(corrected[twin], start))
        entry |= _named("near", ratio(values[near], start[near]))
        entry["near_loss"] = float(2 ** ratios[twin][near].mean()) if len(near) else np.nan
        made.append(entry | {"start": np.sqrt(max(start.mean(), 0.0))})
    tests = stats.mean_tests(
        np.column_stack([(values - raw[BATCHES]) / start.mean() for values in raw.values()])
    )
    excess = {"excess": tests.value, "excess_low": tests.low, "excess_high": tests.high}
    return pd.DataFrame(made).assign(**excess, p=tests.p, adjusted=tests.adjusted)


def _nearest(ratios: "pd.Series[float] | None") -> pd.Index:
    """Return the data seeds of the half of pairs whose losses are nearest; none of controls."""
    if ratios is None:
        return pd.Index([])
    return ratios.dropna().nsmallest(len(ratios.dropna()) // 2).index.sort_values()


def squared(
    one: Float[np.ndarray, "n classes"], other: Float[np.ndarray, "n classes"], draws: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return squared distances of profiles, and the same less the noise of unrelated networks.

    Each exact z adds 1 (`stats.signal`); z of R draws adds 1 + 1/R + z^2/(2R). Twins that share
    edges share noise, so that their distance lies between the two.
    """
    raw = ((one - other) ** 2).sum(axis=1)
    noise = np.full(len(raw), 2.0 * one.shape[1])
    if draws:
        noise += noise / draws + (one**2 + other**2).sum(axis=1) / (2 * draws)
    return raw, raw - noise


def ratio(part: "pd.Series[float]", whole: "pd.Series[float]") -> tuple[float, float, float]:
    """Return the root of a ratio of mean squared distances, and its 95 % interval over networks.

    The interval is that of `stats.mean_test` for jackknife pseudo-values of the ratio. Undefined
    where the mean of `whole` is not clearly positive.
    """
    both = pd.DataFrame({"part": part, "whole": whole}).dropna()
    one, other = (both[name].to_numpy(float) for name in ("part", "whole"))
    n = len(both)
    if n < 2 or not stats.mean_interval(other).low > 0:
        return (np.nan, np.nan, np.nan)
    value = one.sum() / other.sum()
    without = (one.sum() - one) / (other.sum() - other)
    test = stats.mean_test(n * value - (n - 1) * without)
    low, middle, high = (float(np.sqrt(max(end, 0.0))) for end in (test.low, value, test.high))
    return middle, low, high


def _named(name: str, found: tuple[float, float, float]) -> dict[str, float]:
    keys = (name or "value", *(f"{name}_{end}" if name else end for end in ("low", "high")))
    return dict(zip(keys, found, strict=True))


def verdict(row: Any) -> str:
    """Return what the rule of the design says of a kind of twin.

    Its profile depends on the schedule if the distance is beyond the margin, least of all, and
    further than that of another batch order.
    """
    if row["high"] < MARGIN:
        return WITHIN
    if row["least_low"] > MARGIN:
        return DEPENDS if row["excess_low"] > 0 else NO_MORE
    return OPEN


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means of outcomes by regime and twin, with 95 % intervals over networks."""
    return conditions.means(found, _PLACE[:2], tuple(OUTCOMES), geometric=True)


def comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """Return mean differences of log2 outcomes from the baseline, paired by data seed."""
    barred = at_floor(found)
    tables = [
        conditions.differences(
            part,
            ("twin",),
            name,
            {f"{regime}: {twin} against {BASELINE}": (twin, BASELINE)
             for twin in part["twin"].unique()
             if twin not in (BASELINE, OTHER_START) and (regime, twin) not in barred},
            geometric=True,
        )
        for regime, part in found.groupby("regime", sort=False)
        for name in OUTCOMES
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _whole(run: RunTables, null: str) -> pd.DataFrame:
    table = run.table(NULLS[null])
    return table[(table["base_layer"] == -1) & np.isclose(table["density"], DENSITY)]


def _twin(schedule: str, batch_seed: int, network: int) -> str:
    amount = re.search(r"amount=([\d.]+)", schedule)
    if schedule.startswith("jittered") and amount:
        return f"jitter {amount[1]}"
    if batch_seed:
        return BATCHES
    return OTHER_START if network else schedule.partition("[")[0]
