"""The tables of the study `tasks`: edges between hidden layers, and how well they name a task."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from harness import motifs
from harness.report import RunTables, conditions
from harness.report.constant_predictor import MOST, SHARE

from ._starts import start_of
from .tasks import DENSITY, HIDDEN

MARGIN = 0.1
"""Of accuracy."""

SHRINKAGE, PERMUTATIONS = 0.1, 499

VARIANCES, BOTH, ALONE = "degree variances", "degree variances + z", "z alone"
DEGREES, DEGREES_TOO = "all degree counts", "all degree counts + z"
FEATURES = {
    VARIANCES: ("variances",),
    BOTH: ("variances", "z"),
    ALONE: ("z",),
    DEGREES: ("degrees",),
    DEGREES_TOO: ("degrees", "z"),
}
"""The blocks of features of each classifier."""

STARTS = ("Glorot", "large")
AGAIN = "random, again"
CONTROLS = ("random", "shuffled", AGAIN)
EQUAL, SIX, OTHERS = "equal ends", "and digits", "no planted teacher"
"""Tasks with ten inputs and seven outputs, digits beside them, and without the planted teacher."""

PLANTED = "teacher, bi-fans planted"
BY = ("group", "tasks", "features")

_SPAN = {one.name: one.span for order in (2, 3) for one in motifs.classes(order)}
_CONSTANT = [name for name in _SPAN if name not in motifs.VARYING]


class Outcomes(NamedTuple):
    """What the page is made of.

    `networks` has a row a network, `accuracy` a row a replicate and classifier, `chance` the p of
    each classifier, `named` how often each task was given each name.
    """

    networks: pd.DataFrame
    accuracy: pd.DataFrame
    chance: pd.DataFrame
    named: pd.DataFrame


def networks(run: RunTables) -> pd.DataFrame:
    """Return one row a network that did not diverge: group, task, loss, strength of hidden z.

    `group` is the start of a trained network or the pruner of a control. `loss` is validation loss
    as a share of that of the best constant predictor, `beyond_degrees` the root mean square z.
    """
    levels = conditions.sound(run.table("levels"))
    ends = levels[np.isclose(levels["density"], DENSITY)]
    start = start_of(ends["architecture"], STARTS[1])
    control = ends["pruner"].isin(CONTROLS)
    rows = hidden(run.table("sampled"))
    varying = rows[rows["motif"].isin(motifs.VARYING)]
    found = conditions.networks(run, ends).assign(
        group=np.where(control, ends["pruner"], start),
        task=[_task(label) for label in ends["task"]],
        beyond_degrees=ends["trial"].map(conditions.strength(varying)),
    )
    return found[control | (ends["pruner"] == "magnitude")]


def hidden(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `sampled` about copies all of whose edges lie between hidden layers."""
    table = table[np.isclose(table["density"], DENSITY)]
    last = table["base_layer"] + table["motif"].map(_SPAN)
    return table[(table["base_layer"] >= 1) & (last <= HIDDEN)]


def blocks(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the features of each network, a row a trial, by block.

    At equal numbers of edges the counts of diverge2 and converge2 are the variances of out- and
    in-degrees. The classes of `degrees` are those that degrees determine. A z without spread under
    the null is 0: it has no excess.
    """
    star = rows[rows["motif"].isin(["diverge2", "converge2"])]
    wide = {
        "variances": _wide(star, "count"),
        "degrees": _wide(rows[rows["motif"].isin(_CONSTANT)], "count"),
        "z": _wide(rows[rows["motif"].isin(motifs.VARYING)], "z"),
    }
    z = wide.pop("z")
    z = z.where(np.isfinite(z), 0.0)
    logs = {name: block.map(np.log1p) for name, block in wide.items()}
    return logs | {"z": z.map(np.arcsinh)}


def predicted(
    features: Float[np.ndarray, "rows features"],
    labels: Int[np.ndarray, "arrangements rows"],
    replicates: Int[np.ndarray, " rows"],
) -> Int[np.ndarray, "arrangements rows"]:
    """Predict the label of each row from the rows of all other replicates.

    Linear discriminant analysis, once for each arrangement of labels. Features have mean 0 and
    variance 1 over the rows learnt from; their covariance within labels is shrunk by `SHRINKAGE`
    towards a multiple of the identity.
    """
    found = np.zeros_like(labels)
    kinds = np.arange(labels.max() + 1)
    for replicate in np.unique(replicates):
        left_out = replicates == replicate
        known, given = features[~left_out], labels[:, ~left_out, None] == kinds
        spread = known.std(0)
        scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        test, known = ((one - known.mean(0)) * scale for one in (features[left_out], known))
        size = given.sum(1)
        centres = given.swapaxes(1, 2).astype(float) @ known / np.maximum(size, 1)[..., None]
        between = (centres * size[..., None]).swapaxes(1, 2) @ centres
        within = (known.T @ known - between) / (len(known) - len(kinds))
        level = np.trace(within, axis1=1, axis2=2)[:, None, None] / known.shape[1]
        shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * level * np.eye(known.shape[1])
        directions = np.linalg.solve(shrunk, centres.swapaxes(1, 2))
        offset = (centres.swapaxes(1, 2) * directions).sum(1, keepdims=True) / 2
        found[:, left_out] = (test @ directions - offset).argmax(-1)
    return found


def permuted(
    labels: Int[np.ndarray, " rows"], replicates: Int[np.ndarray, " rows"], number: int
) -> Int[np.ndarray, "arrangements rows"]:
    """Return the labels as they are, then so many random arrangements within replicates."""
    rng, every = np.random.default_rng(0), np.tile(labels, (number + 1, 1))
    for replicate in np.unique(replicates):
        own = np.flatnonzero(replicates == replicate)
        every[1:, own] = rng.permuted(every[1:, own], axis=1)
    return every


def outcomes(trained: RunTables, *controls: RunTables) -> Outcomes:
    """Return the accuracy of every classifier on every group of networks.

    `controls` are the runs of random and shuffled masks, then of the random ones drawn again.
    """
    first, *drawn = (networks(run) for run in (trained, *controls))
    drawn[1:] = [part.assign(group=AGAIN) for part in drawn[1:]]
    masks = pd.concat(drawn)
    found = pd.concat([first, masks[masks["group"].isin(CONTROLS)]], ignore_index=True)
    rows = pd.concat([hidden(run.table("sampled")) for run in (trained, *controls)])
    known = blocks(rows[rows["trial"].isin(found["trial"])])
    accuracy, chance, named = [], [], []
    for group, tasks, part in _groups(found):
        labels, names = pd.factorize(part["task"])
        replicates = part["replicate"].to_numpy()
        every = permuted(labels, replicates, PERMUTATIONS)
        for features, used in FEATURES.items():
            place = {"group": group, "tasks": tasks, "features": features}
            values = np.concatenate([known[one].loc[part["trial"]] for one in used], axis=1)
            guessed = predicted(values, every, replicates)
            right = guessed == every
            by = part.assign(accuracy=right[0].astype(float)).groupby("replicate")["accuracy"]
            accuracy.append(by.mean().rename_axis("data_seed").reset_index().assign(**place))
            reached = (right[1:].mean(1) >= right[0].mean()).sum()
            p = (reached + 1) / (PERMUTATIONS + 1)
            chance.append({**place, "chance": 1 / len(names), "p": p})
            pairs = pd.DataFrame({"task": part["task"].to_numpy(), "named": names[guessed[0]]})
            counted = pairs.value_counts(sort=False).rename("networks").reset_index()
            named.append(counted.assign(**place))
    return Outcomes(found, pd.concat(accuracy), pd.DataFrame(chance), pd.concat(named))


def floored(found: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the groups and tasks of which too many networks are at the floor."""
    trained = found[found["group"].isin(STARTS)]
    share = (trained["loss"] >= SHARE).groupby([trained["group"], trained["task"]]).mean()
    return [(str(group), str(task)) for group, task in share[share > MOST].index]


def means(of: Outcomes) -> pd.DataFrame:
    """Return mean accuracies with 95 % intervals over replicates, chance, and p of chance."""
    table = conditions.means(of.accuracy, BY, ["accuracy"])
    clipped = table.assign(low=table["low"].clip(0, 1), high=table["high"].clip(0, 1))
    return clipped.merge(of.chance, on=list(BY))


def gains(of: Outcomes) -> pd.DataFrame:
    """Return what z adds to the accuracy, paired by replicate: the primary gains, then others."""

    def pairs(groups: Sequence[str], tasks: str, less: str, more: str) -> dict[str, tuple]:
        return {f"{one}, {tasks}: {more} − {less}": ((one, tasks, more), (one, tasks, less))
                for one in groups}  # fmt: skip

    secondary = pairs(STARTS, EQUAL, DEGREES, DEGREES_TOO) | pairs(STARTS, SIX, VARIANCES, BOTH)
    families = {
        "primary": pairs(STARTS, EQUAL, VARIANCES, BOTH),
        "secondary": secondary,
        "after looking": pairs(STARTS, OTHERS, VARIANCES, BOTH),
        "control": pairs(CONTROLS, EQUAL, VARIANCES, BOTH),
    }
    tables = [
        conditions.differences(of.accuracy, BY, "accuracy", of_family, family=family)
        for family, of_family in families.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table.assign(verdict=[verdict(row) for _, row in table.iterrows()])


def verdict(row: pd.Series) -> str:
    """Return what the rule of the design says of a gain."""
    if row["low"] > 0:
        return "adds"
    return "adds less than the margin" if row["high"] < MARGIN else "open"


def classes(run: RunTables, found: pd.DataFrame) -> pd.DataFrame:
    """Return the mean z of each class between hidden layers, by start and task."""
    rows = hidden(run.table("sampled"))
    rows = rows[rows["motif"].isin(motifs.VARYING) & np.isfinite(rows["z"])]
    merged = rows[["trial", "motif", "base_layer", "z"]].merge(found, on="trial")
    by = merged.groupby(["group", "task", "motif", "base_layer"], sort=False)["z"]
    return by.agg(n="size", z="mean").reset_index()


def _groups(found: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Return the networks that each classifier is judged on, with their replicates."""
    trained = found[found["group"].isin(STARTS)]
    number, groups = trained["data_seed"].nunique(), []
    for start, part in trained.groupby("group", sort=False):
        out = [task for group, task in floored(found) if group == start]
        part = part[~part["task"].isin(out)].assign(replicate=part["data_seed"])
        equal = part[part["task"] != "digits"]
        sets = {EQUAL: equal, SIX: part, OTHERS: equal[equal["task"] != PLANTED]}
        groups += [(str(start), name, one) for name, one in sets.items() if _several(one)]
    for pruner, part in found[found["group"].isin(CONTROLS)].groupby("group", sort=False):
        places = part["data_seed"] - part["data_seed"].min()
        labels = (places.max() + 1) // number
        label = "label " + (places % labels).astype(str)
        groups.append((str(pruner), EQUAL, part.assign(task=label, replicate=places // labels)))
    return groups


def _several(part: pd.DataFrame) -> bool:
    return part["task"].nunique() > 1


def _wide(rows: pd.DataFrame, value: str) -> pd.DataFrame:
    return rows.pivot(index="trial", columns=["motif", "base_layer"], values=value).astype(float)


def _task(label: str) -> str:
    name = label.partition("[")[0]
    names = {"shuffled-targets": "memorising", "teacher": PLANTED}
    return "teacher" if "planted=nothing" in label else names.get(name, name)
