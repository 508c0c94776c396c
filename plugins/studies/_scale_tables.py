"""The tables of the study `scale`: costs of every experiment, means by number, comparisons."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from harness.report import RunTables, conditions

from .scale import AGAIN, AT_ONCE, BATCH, BLOCKS, END, FEW, IN_BLOCKS, MANY, SIZES

WORK = ("train", "prune", "evaluate", "measure")
"""The activities of table `timings` that are the cost of networks."""

MARGIN = float(np.log2(1.25))
"""Of log2 cost: a factor of 1.25, within which costs are flat."""

BUSY = 0.2
"""Cores that others use, from which on an experiment is disturbed."""

MOST_DISTURBED = 0.1
"""The share of disturbed experiments from which on nothing is decided."""

PRIMARY = f"{MANY:,} / {FEW:,}"
CONTROL = f"{FEW:,} again / {FEW:,}"
BLOCKED = f"{BLOCKS:,} in blocks / {BLOCKS:,}"

_COMPARED = ("family", "comparison", "outcome", "n", "value", "low", "high", "p", "adjusted",
             "verdict")  # fmt: skip

_LAYERS = (64, *SIZES, 10)
WEIGHTS = sum(one * other for one, other in pairwise(_LAYERS))

_PRODUCTS = 2 * BATCH * (3 * WEIGHTS - _LAYERS[0] * _LAYERS[1])
"""Floating-point operations of a step's products: forwards, for weights, and for signals, which
the first layer does not pass on."""

_TRAFFIC = 41 * WEIGHTS
"""Bytes that a step moves at least: weight, gradient and moments (benchmarks/RESULTS.md, GPU)."""


def measured(runs: Mapping[str, RunTables]) -> pd.DataFrame:
    """Return one row an experiment, in the order in which they ran.

    **Returns:** `condition` with its `networks`, the largest `width` of a block, and `data_seed`,
    which is the repetition (0: not counted). Seconds: of every activity; `wall`, from its
    beginning to that of the next; `rest`, what no activity accounts for; `cost`, of `WORK` for a
    network; `step`, of training for a network and step. `others` are cores that other processes
    used meanwhile. `wall`, `rest` and `others` are NaN where the next experiment ran in another
    process; `cost` too, for then this one may have been interrupted.
    """
    found = pd.DataFrame([_experiment(name, run) for name, run in runs.items()])
    took = found[["time", "machine", "process"]].shift(-1) - found[["time", "machine", "process"]]
    took = took.where(took["process"] >= 0)
    interrupted = took["process"].isna() & (found["kind"] != END)
    seconds = found[list(WORK)].sum(axis=1)
    activities = [*WORK, "start", "compile", "simulate"]
    return found.assign(
        wall=took["time"],
        rest=took["time"] - found[activities].sum(axis=1),
        others=((took["machine"] - took["process"]) / took["time"]).clip(lower=0),
        cost=(seconds / found["networks"]).mask(interrupted),
        step=found["train"] / found["networks"] / found["steps"],
    )


def _experiment(name: str, run: RunTables) -> dict[str, object]:
    repetition, number, kind = name.split("-", 2)
    kind = kind.replace("-", " ")
    spent = run.table("timings").groupby("activity")["seconds"].sum()
    levels = run.table("levels")
    first = levels[levels["trial"] == levels["trial"].iloc[0]]
    steps = first[first["network"] == first["network"].iloc[0]]["steps"].sum()
    earlier = run.provenance.get("earlier") or [run.provenance]
    clock = earlier[0]["clock"]
    activities = {key: float(spent.get(key, 0)) for key in (*WORK, "start", "compile", "simulate")}
    return {
        "condition": f"{int(number):,}" + ("" if kind == AT_ONCE else f" {kind}"),
        "kind": kind, "data_seed": int(repetition), "networks": int(number),
        "width": int(run.experiment["block_width"]), "steps": int(steps),
        **activities, **{key: float(clock[key]) for key in ("time", "machine", "process")},
    }  # fmt: skip


def counted(found: pd.DataFrame) -> pd.DataFrame:
    """Return the experiments that count, smallest number first."""
    kept = found[(found["data_seed"] > 0) & (found["kind"] != END)]
    kinds = kept["kind"].map({AT_ONCE: 0, AGAIN: 1, IN_BLOCKS: 2})
    return kept.assign(rank=kinds).sort_values(["networks", "rank", "data_seed"])


def disturbed(found: pd.DataFrame) -> tuple[int, int]:
    """Return how many experiments that count others disturbed, and of how many this is known."""
    others = counted(found)["others"].dropna()
    return int((others > BUSY).sum()), len(others)


def idle(found: pd.DataFrame) -> bool:
    """Return whether the machine was idle but for the study, by the rule of the design."""
    busy, known = disturbed(found)
    return known > 0 and busy <= MOST_DISTURBED * known


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means of `cost` and `step` over repetitions, with 95 % intervals."""
    made = conditions.means(counted(found), ["condition"], ("cost", "step"), geometric=True)
    return made.assign(unit="repetitions")


def shares(found: pd.DataFrame) -> pd.DataFrame:
    """Return means over repetitions by condition: shares of `WORK`, and seconds for a network.

    `products` and `traffic` are the rates of a step, in operations and bytes a second.
    """
    rows = counted(found)
    work = rows[list(WORK)].sum(axis=1)
    parts = rows[list(WORK)].div(work, axis=0)
    per = rows[["start", "compile", "rest", "wall"]].div(rows["networks"], axis=0)
    rates = {"products": _PRODUCTS / rows["step"], "traffic": _TRAFFIC / rows["step"]}
    table = pd.concat([rows[["condition", "networks", "width"]], parts, per], axis=1)
    by = table.assign(**rates).groupby("condition", sort=False)
    return by.mean().assign(n=by.size()).reset_index()


def comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """Return differences of log2 cost, paired by repetition: primary, control, secondary ones."""
    rows = counted(found)
    numbers = rows.loc[rows["kind"] == AT_ONCE, "networks"].unique()
    others = {
        f"{one:,} / {FEW:,}": (f"{one:,}", f"{FEW:,}") for one in numbers if one not in (FEW, MANY)
    }
    families = {
        "primary": {PRIMARY: (f"{MANY:,}", f"{FEW:,}")},
        "control": {CONTROL: (f"{FEW:,} {AGAIN}", f"{FEW:,}")},
        "secondary": {**others, BLOCKED: (f"{BLOCKS:,} {IN_BLOCKS}", f"{BLOCKS:,}")},
    }
    tables = [
        conditions.differences(rows, ["condition"], "cost", pairs, geometric=True, family=family)
        for family, pairs in families.items()
    ]
    made = pd.concat(tables, ignore_index=True)
    if made.empty:
        return pd.DataFrame(columns=[*_COMPARED])
    return made.assign(verdict=made.apply(verdict, axis=1))


def verdict(row: "pd.Series") -> str:
    """Return what the rule of the design says of a difference of log2 cost."""
    return conditions.verdict(row, MARGIN)


def flat_from(found: pd.DataFrame) -> "pd.Series[float]":
    """Return by repetition the number from which on costs are within the margin of the lowest.

    It is infinite where the largest number is not.
    """
    rows = counted(found)
    wide = rows[rows["kind"] == AT_ONCE].pivot(index="data_seed", columns="networks", values="cost")
    wide = wide.dropna().sort_index(axis=1)
    costs, numbers = wide.to_numpy(), wide.columns.to_numpy(int)
    near = costs <= 2**MARGIN * costs.min(axis=1, keepdims=True)
    # From the right: near at this number and at all larger ones.
    held = np.logical_and.accumulate(near[:, ::-1], axis=1)[:, ::-1]
    first = np.where(held.any(axis=1), numbers[held.argmax(axis=1)], np.inf)
    return pd.Series(first, index=wide.index)
