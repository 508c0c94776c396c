"""How alike the profiles of several files are, beside random networks of the same degrees."""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from scipy.special import stdtrit

from harness import motifs, stats
from harness.motif_profiles._files import Profiles
from harness.motif_profiles._participants import networks
from harness.motif_profiles._show import UNDEFINED, rich_table
from harness.network_files import printable
from harness.sparse.graph import LayeredGraph, edge_counts, node_counts
from harness.tables.parts import fixed

if TYPE_CHECKING:
    import pandas as pd

_DRAWS, _FEWEST = 20, 5
"""Draws of a lone network, and the fewest of each if a file has several."""
_COLUMNS = (
    *("null", "support", "order", "first", "second", "similarity", "low", "high", "interval"),
    *("networks", "classes", "control", "control_low", "control_high"),
)
HEADS = ("files", "order", "similarity", "classes", "control")
MEANING = (
    "Similarity: dot product of two profiles of z, corrected for the null's noise; 1 for equal "
    f"signals, 0 for unrelated ones; {UNDEFINED} where a signal is not clear of noise. Its 95 % "
    "interval is over networks, from 6 on; that of two lone networks is of the null's noise and "
    "says nothing of other networks of their kinds. Control (null `layered`): similarity of random "
    "networks in which every node keeps its degrees, and where 95 % of them lie. Only what lies "
    "above is more than alike degrees."
)


def similarities(profiles: Profiles, seed: int = 0) -> "pd.DataFrame":
    """Return how alike the profiles of each two files are, and of the networks within a file.

    **Returns:** a row per null, order (2 under
    `layered` only if there is no other) and pair of files, `first` and `second`
    (equal: pairs of networks within a file that has several), with support; similarity and its
    interval, `low` to `high`, of "networks", "noise" of the null or "" if undefined; the numbers of
    networks, and of the classes that are defined in all of them; `control`, under `layered`: the
    mean similarity of draws of the null `degree` of the same networks, and the limits within which
    one more draw of all of them would lie in 95 % of cases. Undefined values are NaN.
    """
    import pandas as pd

    table = profiles.table[profiles.table["base_layer"] == motifs.TOTAL]
    orders = tuple(sorted({int(order) for order in table["order"]}))

    @cache
    def drawn(file: str) -> "pd.DataFrame":
        graph = profiles.wirings[file].graph
        assert isinstance(graph, LayeredGraph), "only layered networks have the null `layered`"
        return _degree_draws(graph, orders, (seed, list(profiles.wirings).index(file)))

    rows = []
    for (null, order), part in table.groupby(["null", "order"], sort=False):
        if null == "layered" and order == 2 and len(orders) > 1:
            continue  # degrees alone determine it
        support = "all" if "all" in set(part["support"]) else part["support"].iloc[0]
        part = part[part["support"] == support]
        wide = part.pivot(index=["file", "network"], columns="motif", values="z")
        known = [name for name in profiles.wirings if name in set(part["file"])]
        for first, second in combinations_with_replacement(known, 2):
            pair = str(first), str(second)
            both = wide.loc[list(dict.fromkeys(pair))].dropna(axis="columns")
            values = [both.loc[[name]].to_numpy(float) for name in pair]
            same = pair[0] == pair[1]
            if both.shape[1] < 2 or (same and len(values[0]) < 2):
                continue
            names = both.columns.tolist()
            noises = [_noise(profiles, part, name, names) for name in pair]
            place = dict(zip(("first", "second"), pair, strict=True))
            row = {"null": null, "support": support, "order": order, **place}
            row |= _compared(values, noises, same=same) | {"networks": len(both)}
            control = _control(pair, drawn, names) if null == "layered" else {}
            rows.append(row | {"classes": len(names)} | control)
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _noise(
    profiles: Profiles, part: "pd.DataFrame", file: str, names: Sequence[str]
) -> stats.Noise:
    """Return the noise of a file's z; correlations are known where moments are exact."""
    graph, own = profiles.wirings[file].graph, part[part["file"] == file].iloc[0]
    if own["null"] != "layered" or own["support"] != "all" or not isinstance(graph, LayeredGraph):
        return stats.Noise(draws=int(own["draws"] or 0))
    order = int(own["order"])
    every = motifs.covariances(node_counts(graph), edge_counts(graph)[0].tolist(), (order,))
    known = [motif.name for motif in motifs.classes(order)]
    at = [known.index(name) for name in names]
    sd = np.sqrt(np.diagonal(every)[at])
    return stats.Noise(every[np.ix_(at, at)] / np.outer(sd, sd))


def _compared(
    values: Sequence[np.ndarray], noises: Sequence[stats.Noise], *, same: bool
) -> dict[str, Any]:
    over = "networks"
    if same:
        found = stats.similarity_within(values[0], noise=noises[0])
    elif len(values[0]) == len(values[1]) == 1:
        one, other = noises
        found = stats.similarity_of_two(values[0][0], values[1][0], noise=(one, other))
        over = "noise"
    else:
        found = _between(values, noises[0])
    over = over if np.isfinite(found.low) else ""
    return {"similarity": found.value, "low": found.low, "high": found.high, "interval": over}


def _between(values: Sequence[np.ndarray], noise: stats.Noise) -> stats.Interval:
    together = np.concatenate(values)
    groups = np.repeat([0, 1], [len(part) for part in values])
    return stats.similarity_between(together, groups, np.arange(len(together)), noise=noise)


def _degree_draws(
    graph: LayeredGraph, orders: Sequence[int], seed: tuple[int, ...]
) -> "pd.DataFrame":
    """Return exact z of random networks with the degrees of each: by network and draw, by class."""
    import pandas as pd

    each = _DRAWS if len(graph.adjacency[0]) == 1 else _FEWEST
    parts = {}
    for number, network in enumerate(networks(graph)):
        drawn = motifs.draws(network, "degree", each, seed=(*seed, number))
        table = motifs.profile(drawn, supports=["all"], orders=orders)
        table = table[table["base_layer"] == motifs.TOTAL]
        parts[number] = table.pivot(index="network", columns="motif", values="z")
    return pd.concat(parts)


def _control(
    pair: tuple[str, str], drawn: Callable[[str], "pd.DataFrame"], names: Sequence[str]
) -> dict[str, float]:
    """Return the mean similarity of draws, each with one of every network, and its limits."""
    by_draw = [drawn(file)[list(names)].groupby(level=1) for file in pair]
    found = []
    for draw in range(min(len(one) for one in by_draw)):
        values = [one.get_group(draw).to_numpy(float) for one in by_draw]
        same = pair[0] == pair[1]
        alike = stats.similarity_within(values[0]) if same else _between(values, stats.EXACT)
        found.append(alike.value)
    mean, draws = float(np.mean(found)), len(found)
    # A prediction interval: one more draw has a scatter of its own.
    half = stdtrit(draws - 1, 0.975) * np.std(found, ddof=1) * np.sqrt(1 + 1 / draws)
    return {"control": mean, "control_low": mean - half, "control_high": mean + half}


def answer(table: "pd.DataFrame") -> str:
    """Return a sentence about the two files that are most alike, at the highest order."""
    between = table[table["first"] != table["second"]]
    pairs = between if len(between) else table
    pairs = pairs[pairs["null"] == pairs["null"].iloc[0]] if len(pairs) else pairs
    pairs = pairs[pairs["order"] == pairs["order"].max()]
    if not pairs["similarity"].notna().any():
        return "No similarity can be given: no two profiles are clear of the null's noise."
    row = pairs.loc[pairs["similarity"].idxmax()]
    who = [printable(row[end]) for end in ("first", "second")]
    both = f"{who[0]} and {who[1]}" if len(between) else f"the networks of {who[0]}"
    most = "Of all pairs of files, most alike are " if len(pairs) > 1 else ""
    line = (
        f"{most}{both}: similarity "
        f"{_with_limits(row, 'similarity', 'low', 'high')} at order {row['order']}, "
        f"null {row['null']}"
    )
    if row["control"] != row["control"]:
        return f"{line}."
    than = "no more than degrees make them"
    if row["similarity"] > row["control_high"]:
        than = "more than degrees make them"
    elif row["similarity"] < row["control_low"]:
        than = "less than degrees make them"
    control = _with_limits(row, "control", "control_low", "control_high")
    return f"{line}; random networks of the same degrees {control}: {than}."


def _with_limits(row: "pd.Series[Any]", *names: str) -> str:
    """Return a value with the ends of its interval, where they are defined."""
    value, low, high = (float(row[name]) for name in names)
    ends = "" if low != low else f" ({fixed(low, 2)} to {fixed(high, 2)})"
    return f"{fixed(value, 2)}{ends}" if value == value else UNDEFINED


def similarity_tables(table: "pd.DataFrame") -> list[tuple[str, list[list[str]]]]:
    """Return for each null a title and the rows under `HEADS`."""
    found = []
    for null, part in table.groupby("null", sort=False):
        rows = [_cells(row) for _, row in part.iterrows()]
        found.append((f"Similarity of profiles, null {null}", rows))
    return found


def _cells(row: "pd.Series[Any]") -> list[str]:
    first, second = printable(row["first"]), printable(row["second"])
    files = f"within {first}" if first == second else f"{first}, {second}"
    value = _with_limits(row, "similarity", "low", "high")
    control = _with_limits(row, "control", "control_low", "control_high")
    return [files, str(row["order"]), value, str(row["classes"]), control]


def show_similarities(table: "pd.DataFrame", console: Console) -> None:
    """Print the tables of similarity and what it means."""
    for title, rows in similarity_tables(table):
        console.print(f"\n{escape(title)}", soft_wrap=True)
        console.print(rich_table(HEADS, rows))
    console.print(escape(MEANING), soft_wrap=True)
