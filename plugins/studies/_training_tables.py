"""The tables of the study `training`: outcomes of each network, means by condition, comparisons."""

import re

import numpy as np
import pandas as pd

from harness.report import RunTables, conditions

from .training import DENSITY

BASELINE = ("sd 0.5", "none")
"""The condition that others are compared with: as saturated as the published start."""

PRIMARY = "sd 0.05 against sd 0.5, no decay"
MARGIN = 1.0
"""Of log2 strength: a factor of 2."""

BEYOND = 2.0
"""The strength under `degree` from which on something is left that degrees do not explain."""

OUTCOMES = {
    "strength": "z, null layered",
    "beyond_degrees": "z, null degree",
    "loss": "loss / best constant's",
    "movement": "movement of dense weights",
    "overlap": "overlap with initial mask",
}
"""Outcomes by their columns; all are positive, and averaged and compared as log2. Those of z are
root mean squares over classes."""

CONDITION = ("start", "decay")


def outcomes(run: RunTables) -> pd.DataFrame:
    """Return one row a network that did not diverge: `CONDITION`, `NETWORK` and all outcomes.

    `chance` is the overlap expected by chance, `log2_ratio` the mean of |log2(count / expected)|
    under `layered` over classes with a copy.
    """
    levels = conditions.sound(run.table("levels"))
    ends = levels[np.isclose(levels["density"], DENSITY)]
    found = conditions.networks(run, ends).assign(
        start=ends["architecture"].map(_start), decay=ends["schedule"].map(_decay)
    )
    layered, degree = (whole(run, name) for name in ("motifs", "sampled"))
    regime = run.table("regime")
    regime = regime[regime["leaf"] == "all"]
    final = regime[np.isclose(regime["density"], DENSITY)].set_index("trial")
    columns = {
        "strength": conditions.strength(layered),
        "log2_ratio": layered["log2_ratio"].abs().groupby(layered["trial"]).mean(),
        "beyond_degrees": conditions.strength(degree),
        "movement": regime[regime["level"] == 0].set_index("trial")["movement"],
        "overlap": final["overlap"],
        "chance": final["chance"],
    }
    return found.assign(**{name: found["trial"].map(v) for name, v in columns.items()})


def whole(run: RunTables, name: str) -> pd.DataFrame:
    """Return z by class of whole networks at the density compared; infinities are undefined."""
    table = run.table(name)
    table = table[(table["base_layer"] == -1) & np.isclose(table["density"], DENSITY)]
    undefined = {np.inf: np.nan, -np.inf: np.nan}
    return table.assign(**{one: table[one].replace(undefined) for one in ("z", "log2_ratio")})


def means(found: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means by condition and outcome, with 95 % intervals over networks."""
    return conditions.means(found, CONDITION, (*OUTCOMES, "chance", "log2_ratio"), geometric=True)


def comparisons(found: pd.DataFrame) -> pd.DataFrame:
    """Return paired mean differences of log2 outcomes: the primary one, then the secondary ones.

    `adjusted`: p for all secondary comparisons of one outcome; that of the primary one is its p.
    """
    starts = list(dict.fromkeys(found["start"]))
    others = [start for start in starts if start != BASELINE[0]]
    pairs = {f"{one} against {BASELINE[0]}, no decay": ((one, "none"), BASELINE) for one in others}
    pairs |= {f"{one}: early decay against none": ((one, "early"), (one, "none")) for one in starts}
    tables = []
    for name in OUTCOMES:
        main = {PRIMARY: pairs[PRIMARY]} if name == "strength" and PRIMARY in pairs else {}
        rest = {label: pair for label, pair in pairs.items() if label not in main}
        tables += [
            conditions.differences(found, CONDITION, name, of, geometric=True, family=family)
            for family, of in (("primary", main), ("secondary", rest))
            if of
        ]
    return pd.concat(tables, ignore_index=True)


def verdict(row: pd.Series) -> str:
    """Return what the rule of the design says of a comparison of strengths."""
    return conditions.verdict(row, MARGIN)


def left(row: pd.Series) -> str:
    """Return whether degrees explain a profile, from the mean of `beyond_degrees`."""
    return conditions.left(row, BEYOND)


def _start(architecture: str) -> str:
    scale = re.search(r"initial_scale=([\d.]+)", architecture)
    return f"sd {scale[1]}" if scale else "Glorot" if "initial=glorot" in architecture else "sd 0.2"


def _decay(schedule: str) -> str:
    return "none" if re.search(r"early_weight_decay=0(\.0)?\b", schedule) else "early"
