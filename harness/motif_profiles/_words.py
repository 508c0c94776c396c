"""Plain words for what the command line names in one: nulls, supports, orders, ratios."""

from typing import TYPE_CHECKING

import numpy as np

from harness import motifs
from harness.tables.parts import counted, listed, number, numbers

if TYPE_CHECKING:
    import pandas as pd

_DEGREES = "random networks in which every node keeps its number of inputs and of outputs"
NULLS = {
    "layered": "random networks with as many edges between each two layers",
    "degree": _DEGREES,
    "degree-mutual": f"{_DEGREES}, and its mutual edges",
    "degree-approx": f"a formula for {_DEGREES}",
    "independent": "random networks in which every node has its number of inputs and outputs on "
    "average",
    "published": "random networks as Zahn, Daniel and Kutz (2024) drew them",
    motifs.GIVEN_LOWER: "what the counts of smaller patterns predict",
    "signs": "the same edges with their signs permuted",
    "weights": "the same edges with their weights permuted",
}
"""What a count is compared with, as after "beside"."""

SHORT_NULLS = {
    "layered": "as many edges per layer",
    "degree": "equal inputs and outputs",
    "degree-mutual": "equal inputs, outputs, mutual edges",
    "degree-approx": "equal inputs and outputs, formula",
    "independent": "inputs and outputs on average",
    "published": "as published",
    motifs.GIVEN_LOWER: "equal smaller patterns",
    "signs": "permuted signs",
    "weights": "permuted weights",
}
"""What random networks keep, for legends."""

COUNTED = {"signs": "coherent copies", "weights": "mean intensity of copies"}
"""What the nulls that permute signs or weights compare, in place of copies."""

_SIZES = {2: "three", 3: "four", 4: "five"}


def precision(rows: "pd.DataFrame") -> str:
    """Return how well mean and spread of one null are known: draws and their worth, or exact."""
    draws, worth = rows["draws"].iloc[0], float(rows["effective"].min())
    if draws is None:
        formula = rows["null"].iloc[0] == "degree-approx"
        return "a formula, no draws" if formula else "exact, no draws"
    return f"{draws:,} draws" + (
        f" (as good as {worth:,.0f} independent ones)" if worth < 0.995 * draws else ""
    )


def patterns(classes: "pd.DataFrame") -> str:
    """Return how many classes there are, and of how many nodes: 13 patterns of three nodes."""
    sizes = [_SIZES[order] for order in sorted(set(classes["order"]))]
    return f"{counted(len(classes), 'pattern')} of {listed(sizes)} nodes"


def arrows(name: str) -> str:
    """Return the edges of a class with true arrows, for pages."""
    return motifs.sketch(name).replace("<->", "↔").replace("->", "→")


def times(row: "pd.Series") -> str:
    """Return how many times its expected count a class has."""
    return "none expected" if np.isinf(row["ratio"]) else f"{number(row['ratio'])} times"


def null_range(row: "pd.Series", to: str = " to ") -> str:
    """Return the central 95 % of the null, as multiples of the expected count."""
    low, high = float(row["null_low"]), float(row["null_high"])
    if low != low:
        return "–"
    digits = next((d for d in range(3, 7) if high == 1 or f"{high:.{d}g}" != "1"), 7)
    return to.join(numbers([low, high], digits) if low else ["0", number(high)])
