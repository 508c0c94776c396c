"""The tables of the study `function`: networks, losses by dose, slopes, lesions, correlations."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from harness import motifs, stats
from harness.report import RunTables, conditions
from harness.report.constant_predictor import MOST, SHARE

from ._starts import GLOROT, PUBLISHED_LIKE, start_of
from .function import MOTIF

STARTS = (PUBLISHED_LIKE, GLOROT)
PRIMARY = "start"
"""The arm of the primary outcome: trained again from the initial weights."""

DOSE = 10.0
MARGIN = float(np.log2(1.1))
"""Of log2 loss, for `DOSE` in z or for a lesion: a change of 10 %."""

AT_FLOOR = "at the floor"
ALPHA = 0.05
CLASSES: tuple[str, ...] = motifs.VARYING


def networks(run: RunTables) -> pd.DataFrame:
    """Return one row a network at the density compared, diverged ones left out.

    Columns: `trial`, `NETWORK`, `start`; `loss` and `dense`, after pruning and before, as shares of
    the best constant predictor's loss; z under `degree` by class; and what was done to it: `name`
    of the intervention, else of the pruner, `arm`, `motif`, `target`, `sham`, `edges`.
    """
    levels = conditions.sound(run.table("levels"))
    last = levels["level"] == levels["level"].max()
    dense = conditions.networks(run, levels[~last]).set_index("trial")["loss"]
    rows = levels[last]
    sampled = run.table("sampled")
    whole = sampled[sampled["base_layer"] == -1]
    z = whole.pivot(index="trial", columns="motif", values="z")[list(CLASSES)]
    found = conditions.networks(run, rows).assign(
        start=start_of(rows["architecture"]),
        dense=rows["trial"].map(dense),
        **pd.DataFrame(list(map(_done, rows["pruner"])), index=rows.index),
    )
    return found.join(z, on="trial").reset_index(drop=True)


def profiles(run: RunTables) -> dict[str, pd.DataFrame]:
    """Return z by class of whole pruned networks, by null."""
    tables = {"degree": run.table("sampled"), "layered": run.table("motifs")}
    return {
        null: table[(table["base_layer"] == -1) & (table["level"] == table["level"].max())]
        for null, table in tables.items()
    }


def doses(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row a rewired network beside its sham: start, arm, target, data seed.

    `z` and `sham_z` are those reached of the class that was aimed at, `dose` their difference,
    `ratio` the losses' ratio, `floor` whether one of both is at the floor.
    """
    keys = ["start", "arm", "target", "data_seed"]
    rewired = found[found["name"] == "rewire"]
    sham = rewired["sham"] == "true"
    both = rewired[~sham].merge(rewired[sham], on=keys, suffixes=("", "_sham"))
    return both.assign(
        z=both[MOTIF],
        sham_z=both[f"{MOTIF}_sham"],
        dose=both[MOTIF] - both[f"{MOTIF}_sham"],
        others=_largest_shift(both),
        ratio=both["loss"] / both["loss_sham"],
        floor=both[["loss", "loss_sham"]].max(axis=1) >= SHARE,
    )


def slopes(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the change of log2 loss for `DOSE` in z, by start and arm: a mean over networks.

    That of one network is the slope of a regression of log2 ratios on doses over the targets.
    `verdict` is what the rule of the design says. `contrast` is log2 of the ratio at the highest
    target over that at the lowest, which no small dose makes large.
    """
    rows = []
    ordered = pairs.sort_values("target", kind="stable")
    for place, part in ordered.groupby(["start", "arm", "data_seed"], sort=False):
        log2 = np.log2(part["ratio"].to_numpy(float))
        slope = DOSE * float(np.polyfit(part["dose"], log2, 1)[0])
        outcomes = {"slope": slope, "contrast": log2[-1] - log2[0], "floor": part["floor"].mean()}
        rows.append(dict(zip(("start", "arm", "data_seed"), place, strict=True)) | outcomes)
    return _judged(pd.DataFrame(rows), ("start", "arm"), "slope", "contrast")


def lesions(found: pd.DataFrame) -> pd.DataFrame:
    """Return log2 of the loss without edges of most copies over that without matched edges.

    Means over networks by start and class, with `verdict`.
    """
    keys = ["start", "motif", "data_seed"]
    cut = found[found["name"] == "lesion"]
    wide = cut.pivot(index=keys, columns="edges", values="loss").dropna().reset_index()
    wide = wide.assign(
        ratio=np.log2(wide["most"] / wide["matched"]),
        floor=wide[["most", "matched"]].max(axis=1) >= SHARE,
    )
    return _judged(wide, ("start", "motif"), "ratio")


def correlations(found: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return by start and class how log2 loss goes with z, given dense loss and `covariates`.

    Columns: `start`, `motif`, `n`, `correlation` (partial), `slope` (log2 loss for `DOSE` in z),
    `p`, `adjusted` for the six classes; and the same with ranks in place of all values.
    """
    tables = []
    for start, part in found.groupby("start", sort=False):
        loss, dense = (np.log2(part[name].to_numpy(float)) for name in ("loss", "dense"))
        known = np.column_stack([dense, given.reindex(part["trial"])])
        values = (loss[:, None], part[list(CLASSES)].to_numpy(float), known)
        plain, ranked = (
            stats.freedman_lane(one[:, 0], tested, covariates)
            for one, tested, covariates in (values, tuple(map(_ranks, values)))
        )
        columns = {**plain._asdict(), "slope": DOSE * plain.slope}
        on_ranks = {"rank_correlation": ranked.correlation, "rank_adjusted": ranked.adjusted}
        tables.append(pd.DataFrame({"start": start, "motif": CLASSES, **columns, **on_ranks}))
    return pd.concat(tables, ignore_index=True)


def _ranks(columns: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "rows columns"]:
    return pd.DataFrame(columns).rank().to_numpy()


def covariates(run: RunTables) -> pd.DataFrame:
    """Return by trial what else may decide the loss: effective density, degrees layer by layer.

    Pairs of edges at one source, and at one target, of a layer: with its edges and nodes given,
    multiples of the variances of degrees, up to a constant.
    """
    table = run.table("sampled")
    layers = table[(table["base_layer"] >= 0) & table["motif"].isin(["diverge2", "converge2"])]
    degrees = layers.pivot(index="trial", columns=["motif", "base_layer"], values="count")
    degrees.columns = [" ".join(map(str, column)) for column in degrees.columns]
    performance = run.table("performance")
    effective = performance[
        (performance["measure"] == "effective_density")
        & (performance["level"] == performance["level"].max())
    ]
    return degrees.assign(effective=effective.groupby("trial")["value"].first())


def _judged(values: pd.DataFrame, by: Sequence[str], *outcomes: str) -> pd.DataFrame:
    """Return means by condition with the share at the floor, and the first outcome's verdict."""
    means = conditions.means(values, by, outcomes)
    means = means.join(values.groupby(list(by))["floor"].mean(), on=list(by))
    verdicts = [
        "" if row["outcome"] != outcomes[0]
        else AT_FLOOR if row["floor"] > MOST
        else conditions.verdict(row, MARGIN)
        for _, row in means.iterrows()
    ]  # fmt: skip
    return means.assign(verdict=verdicts)


def _largest_shift(both: pd.DataFrame) -> "pd.Series[float]":
    """Return how far z of the other classes is from that of the sham, at most."""
    others = [name for name in CLASSES if name != MOTIF]
    shifts = both[others].to_numpy() - both[[f"{name}_sham" for name in others]].to_numpy()
    return pd.Series(np.abs(shifts).max(axis=1), both.index)


def _done(pruner: str) -> dict[str, str | float]:
    """Return what was done to a network, from the label of its pruner or intervention."""
    asked = dict(re.findall(r"(\w+)=([^,\]]+)", pruner))
    return {
        "name": pruner.partition("[")[0],
        "arm": asked.get("on", "start"),
        "motif": asked.get("motif", "bifan"),
        "target": float(asked.get("target", 5)),
        "sham": asked.get("sham", "false"),
        "edges": asked.get("edges", "most"),
    }
