"""The tables of the study `time-course`: curves of would-be masks, and the jump of similarity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from harness import stats
from harness.report import RunTables, conditions
from harness.report.constant_predictor import MOST, marked

from ._starts import PUBLISHED_LIKE, start_of
from .time_course import DENSITY

FROM = 0.1
"""The density from which the published jump goes to `DENSITY`."""

SHOWN = (0.15, FROM, 0.09, 0.08, DENSITY)
"""Densities at which similarity is shown."""

PRIMARY = ("levels", PUBLISHED_LIKE, "zahn2022")
"""Levels, regime and pruner of the primary comparison."""

MARGIN = 0.1
"""Of a jump of similarity: the published one is 0.18."""

GAIN = 0.05
"""The margin of the gain of jumps at prunings, in nats a moment."""

RISE = 1.0
"""The margin of a rise of log2 strength: a factor of 2."""

SUPPORTS = {
    "all": "networks",
    "degree-drawn": "their degrees, drawn",
    "unequal-degrees": "unequal degrees alone",
}
PLACE = ["levels", "regime", "pruner"]

KNOTS = (0, 2, 4, 8)
"""Numbers of knots of the smooth curves that are tried."""

_ORDER = 3
_END = -1


def networks(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return one row a network and level: `PLACE`, `trained` steps up to its end, `loss`.

    Diverged networks are left out. `at_floor` says whether the loss is no better than a constant's.
    """
    parts = []
    for name, run in runs.items():
        rows = conditions.sound(run.table("levels")).sort_values(["trial", "level"])
        parts.append(
            conditions.networks(run, rows).assign(
                **rows[["level", "density", "steps", "pruner"]],
                levels=name,
                regime=start_of(rows["architecture"]),
                trained=rows.groupby("trial")["steps"].cumsum(),
                at_floor=marked(rows),
            )
        )
    return pd.concat(parts, ignore_index=True)


def barred(found: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the conditions that are not compared: too many networks at the floor at a density."""
    rows = found[_at(found["density"], (FROM, DENSITY))]
    shares = rows.groupby([*PLACE, "level"])["at_floor"].mean().groupby(PLACE).max()
    return [tuple(map(str, place)) for place in shares[shares > MOST].index]


def profiles(runs: Mapping[str, RunTables], found: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return z of the classes of order 3 of masks that are there: a row a network.

    The index is `PLACE`, support, density and data seed; classes undefined anywhere are left out.
    """
    parts = []
    for run in runs.values():
        rows = run.table(table)
        chosen = (rows["base_layer"] == -1) & (rows["order"] == _ORDER)
        rows = rows[chosen & _at(rows["density"], SHOWN)]
        parts.append(rows.drop(columns=["pruner"]).merge(found[["trial", "level", *PLACE]]))
    index = [*PLACE, "support", "density", "data_seed"]
    wide = pd.concat(parts).pivot(index=index, columns="motif", values="z")
    return wide.replace([np.inf, -np.inf], np.nan).dropna(axis=1)


def likeness(z: pd.DataFrame) -> pd.DataFrame:
    """Return the noise-corrected similarity of networks by condition, support and density.

    `z` is that of `profiles` under `layered`; `value` with its 95 % interval over `n` networks.
    """
    rows, keys = [], [*PLACE, "support", "density"]
    for place, part in z.reset_index().groupby(keys, sort=False):
        alike = stats.similarity_within(part[z.columns].to_numpy(dtype=float))
        ends = {"n": alike.n, "value": alike.value, "low": alike.low, "high": alike.high}
        rows.append(dict(zip(keys, place, strict=True)) | ends)
    table = pd.DataFrame(rows).sort_values("density", ascending=False, kind="stable")
    return table.assign(support=table["support"].map(SUPPORTS))


def jumps(z: pd.DataFrame, draws: int, skipped: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    """Return how much more alike networks are at `DENSITY` than at `FROM`, by condition.

    Paired by network (`stats.similarity_difference`): `value`, its 95 % interval, `p` and `n`.
    """
    rows = []
    noise = stats.Noise(draws=draws)
    frame = z.xs("all", level="support").reset_index()
    for place, part in frame.groupby(PLACE, sort=False):
        if tuple(map(str, place)) in skipped:
            continue
        by = part.set_index(["density", "data_seed"])[z.columns]
        before, after = (by.loc[one] for one in (FROM, DENSITY))
        pair = after.to_numpy(float), before.reindex(after.index).to_numpy(float)
        test = stats.similarity_difference(*pair, noise=(noise, noise))
        ends = {name: getattr(test, name) for name in ("n", "value", "low", "high", "p")}
        rows.append(dict(zip(PLACE, place, strict=True)) | ends)
    table = pd.DataFrame(rows, columns=[*PLACE, "n", "value", "low", "high", "p"])
    verdicts = [conditions.verdict(row, MARGIN) for _, row in table.iterrows()]
    return table.assign(verdict=verdicts)


def curves(run: RunTables, found: pd.DataFrame) -> pd.DataFrame:
    """Return the strength of would-be masks, the root mean square z, by network and moment.

    `trained` are the steps up to the moment, `after` those since the last pruning.
    """
    table = run.table("would-be-motifs")
    keys = ["trial", "level", "step"]
    rows = (
        conditions.strength(table, *keys)
        .rename("strength")
        .reset_index()
        .merge(found, on=["trial", "level"])
    )
    after = rows["steps"].where(rows["step"] == _END, rows["step"])
    rows = rows.assign(after=after, trained=rows["trained"] - rows["steps"] + after)
    rows = rows[rows["density"] >= DENSITY - 1e-9]
    return rows.sort_values([*PLACE, "data_seed", "trained", "level"], ignore_index=True)


def scores(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return what jumps at prunings add to a smooth curve, by regime and pruner.

    `value` is the mean gain of log likelihood of a network that was left out, in nats a moment,
    with its 95 % interval over networks and `p`. Moments are those from the end of the dense level
    to the last before 93 % pruned; the moment right after a pruning is left out: the weights are
    those of before.
    """
    part = drawn[(drawn["density"] > DENSITY + 1e-9) & (drawn["after"] > 0)]
    part = part[(part["level"] > 0) | (part["step"] == _END)]
    # A snapshot after the last step of a level is its end.
    part = part.drop_duplicates([*PLACE, "data_seed", "trained", "level"])
    rows = []
    for place, some in part.groupby(PLACE, sort=False):
        wide = some.assign(log=conditions.log2(some["strength"])).pivot(
            index="data_seed", columns=["trained", "level"], values="log"
        )
        moments = wide.columns.to_frame(index=False).astype(float)
        x = (moments["trained"] - moments["trained"].min()).to_numpy()
        gained = gains(wide.to_numpy(float), x / x.max(), moments["level"].to_numpy(int))
        test = stats.mean_test(gained)
        ends = {name: getattr(test, name) for name in ("n", "value", "low", "high", "p")}
        rows.append(dict(zip(PLACE, place, strict=True)) | ends | {"verdict": shape(test)})
    return pd.DataFrame(rows)


def gains(
    values: Float[np.ndarray, "n moments"],
    x: Float[np.ndarray, " moments"],
    levels: Int[np.ndarray, " moments"],
) -> Float[np.ndarray, " n"]:
    """Return by how much jumps at breaks raise the log likelihood of each curve left out.

    Curves are centred: networks differ in height. The curve of the others is a cubic spline in x,
    alone or with a jump at the start of every level; the number of knots of each is that which
    predicts best among the others. Errors are normal, with the others' variance. Undefined (NaN)
    for fewer than three curves.
    """
    if len(values) < 3:
        return np.full(len(values), np.nan)
    centred = values - values.mean(axis=1, keepdims=True)
    steps = [(levels >= level).astype(float) for level in np.unique(levels)[1:]]
    smooth = [_spline(x, number) for number in KNOTS]
    jumping = [np.column_stack([one, *steps]) for one in smooth]
    found = []
    for left in range(len(centred)):
        others = np.delete(centred, left, axis=0)
        best = (max(kind, key=lambda one: _held_out(one, others)) for kind in (jumping, smooth))
        with_jumps, without = (_score(one, others, centred[left]) for one in best)
        found.append(with_jumps - without)
    return np.array(found)


def _held_out(
    design: Float[np.ndarray, "moments terms"], curves: Float[np.ndarray, "n m"]
) -> float:
    return float(np.mean([
        _score(design, np.delete(curves, one, axis=0), curves[one]) for one in range(len(curves))
    ]))  # fmt: skip


def _score(
    design: Float[np.ndarray, "moments terms"],
    others: Float[np.ndarray, "n moments"],
    left: Float[np.ndarray, " moments"],
) -> float:
    """Return the mean log density of a curve, predicted from others."""
    predicted = design @ np.linalg.lstsq(design, others.mean(axis=0), rcond=None)[0]
    variance = ((others - predicted) ** 2).mean()
    return float(-0.5 * (np.log(2 * np.pi * variance) + (left - predicted) ** 2 / variance).mean())


def _spline(x: Float[np.ndarray, " moments"], knots: int) -> Float[np.ndarray, "moments terms"]:
    """Return a cubic spline's terms, with knots at even shares of the moments."""
    places = np.quantile(x, np.arange(1, knots + 1) / (knots + 1))
    bent = np.maximum(x[:, None] - places, 0.0) ** 3
    return np.column_stack([x[:, None] ** np.arange(4), bent])


def shape(row: Any) -> str:
    """Return what the rule of the design says of the gain of jumps at prunings."""
    if row.low > GAIN:
        return "abrupt"
    return "smooth" if row.high < GAIN else conditions.OPEN


def rises(drawn: pd.DataFrame) -> pd.DataFrame:
    """Return mean rises of log2 strength of would-be masks, paired by network, with verdicts.

    In the dense level, before any pruning; and from there to the last moment before 93 % pruned.
    """
    before = drawn[drawn["density"] > DENSITY + 1e-9]
    dense = drawn[drawn["level"] == 0]
    parts = {
        "start": dense[dense["step"] == 0],
        "dense": dense[dense["step"] == _END],
        "pruned": before.groupby("trial").tail(1),
    }
    every = pd.concat([rows.assign(moment=name) for name, rows in parts.items()])
    tables = []
    for place, part in every.groupby(["regime", "pruner"], sort=False):
        name = ", ".join(map(str, place))
        pairs = {f"{name}: in the dense level": ("dense", "start"),
                 f"{name}: from the first pruning on": ("pruned", "dense")}  # fmt: skip
        tables.append(conditions.differences(part, ("moment",), "strength", pairs, geometric=True))
    table = pd.concat(tables, ignore_index=True)
    verdicts = [conditions.verdict(row, RISE) for _, row in table.iterrows()]
    return table.assign(verdict=verdicts)


def _at(densities: "pd.Series[float]", wanted: Sequence[float]) -> "pd.Series[bool]":
    return densities.map(lambda one: bool(np.isclose(one, wanted).any()))
