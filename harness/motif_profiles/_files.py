"""Profiles of the networks in some files, as one table."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import motifs, network_files
from harness.errors import UserError, unknown
from harness.network_files import Wiring, printable
from harness.sparse.graph import Digraph, LayeredGraph

if TYPE_CHECKING:
    import pandas as pd

NULLS = ("layered", "degree", "independent", "published")
_DRAWS, FEW_DRAWS = 1000, 100
_TETRADS_AT_EASE = 10**9
"""The most connected sets of four nodes, over all draws, that are counted by default."""

_FIELDS = (
    *("file", "layout", "network", "motif", "order", "base_layer", "null", "draws", "convention"),
    *(
        "support",
        "bias",
        "calibrated",
        "uncalibrated",
        "trades",
        "mixed",
        "count",
        "expected",
        "sd",
        "z",
        "log2_ratio",
        "p",
    ),
    *("p_method", "q", "profile", "overlap"),
    *("induced", "induced_expected", "induced_sd", "induced_z"),
)
_PLACE = ["network", "support", "motif", "base_layer"]


@dataclass(frozen=True)
class Asked:
    """Options for the profiles.

    `nulls` are for layered networks; a digraph is compared with digraphs of the same degrees and,
    with `keep_mutual`, of the same mutual edges. `orders` and `draws` None choose by the kind of
    network. `by_layer` adds a row for each base layer to the row for their sum.
    """

    orders: tuple[int, ...] | None = None
    supports: tuple[motifs.Support, ...] = ("all", "live")
    nulls: tuple[str, ...] = ("layered",)
    draws: int | None = None
    keep_mutual: bool = False
    seed: int = 0
    by_layer: bool = False


@dataclass(frozen=True)
class Profiles:
    """The networks of several files, by the files' names, and the table of their motifs.

    `table` has `file`, its `layout`, and the columns of `motifs.profile`, `sampled_profile` and
    `digraph_profile`. `p` and `q` are normal approximations or ranks among draws, as `p_method`
    says; `calibrated` is whether z and p are valid for draws of the null, `uncalibrated` why not.
    `base_layer` is -1 for the sum over base layers. `notes` say what was left out, by file.
    """

    wirings: dict[str, Wiring]
    table: "pd.DataFrame"
    notes: dict[str, tuple[str, ...]]


def of_files(
    paths: Sequence[Path],
    *,
    layout: str | None = None,
    threshold: float = 0.0,
    nodes: Path | None = None,
    choices: network_files.Choices = network_files.AS_THE_FILE_SAYS,
    asked: Asked = Asked(),
) -> Profiles:
    """Return the profiles of all networks in some files.

    **Arguments and errors:** as in `read_files` and `of_wirings`.
    """
    return of_wirings(read_files(paths, layout, threshold, nodes, choices), asked)


def read_files(
    paths: Sequence[Path],
    layout: str | None = None,
    threshold: float = 0.0,
    nodes: Path | None = None,
    choices: network_files.Choices = network_files.AS_THE_FILE_SAYS,
    unread: list[str] | None = None,
) -> dict[str, Wiring]:
    """Return the networks of some files, by the files' names.

    **Arguments:** `layout`, `threshold`, `nodes` and `choices` as in `network_files.read`. Errors
    of single files are added to `unread` if it is given, and the other files are read.

    **Errors:** UserError as in `network_files.read`, and for a file named twice.
    """
    network_files.refuse_unused(paths, choices)
    read: dict[str, Wiring] = {}
    for path in paths:
        name = str(path)
        if name in read:
            raise UserError(f"'{printable(name)}' is named twice. Name each file once.")
        try:
            read[name] = network_files.read(path, layout, threshold, nodes, choices)
        except UserError as error:
            if unread is None:
                raise
            unread.append(str(error))
    return read


def of_wirings(wirings: Mapping[str, Wiring], asked: Asked) -> Profiles:
    """Return the profiles of all networks, by the names of their files.

    **Errors:** UserError for an unknown null, an order without a census of digraphs, and networks
    too large for exact counts.
    """
    import pandas as pd

    refuse_impossible(asked)
    notes: dict[str, tuple[str, ...]] = {}
    tables = []
    for name, wiring in wirings.items():
        with refused_if_too_large(name):
            table, own_notes = _of_network(wiring, asked)
        if not asked.by_layer:
            table = table[table["base_layer"] == motifs.TOTAL]
        notes[name] = (*wiring.notes, *own_notes)
        tables.append(table.assign(file=name, layout=wiring.layout or "edge list"))
    whole = pd.concat(tables, ignore_index=True)
    # Whole numbers, or None if moments are exact.
    for name in ("draws", "trades"):
        numbers = [None if pd.isna(n) else int(n) for n in whole[name]]
        whole[name] = pd.Series(numbers, dtype=object)
    return Profiles(dict(wirings), whole[list(_FIELDS)], notes)


def refuse_impossible(asked: Asked) -> None:
    """Raise UserError for an unknown null, and for too few draws."""
    for null in asked.nulls:
        if null not in NULLS:
            raise unknown("null", null, NULLS)
    if asked.draws is not None and asked.draws < 2:
        raise UserError(f"--draws {asked.draws} gives no standard deviation. Give 2 or more.")


@contextmanager
def refused_if_too_large(file: str) -> Iterator[None]:
    """Raise UserError, naming the file, if counts are too large or memory runs out."""
    try:
        yield
    except (OverflowError, MemoryError) as error:
        raise UserError(
            f"'{printable(file)}': {error or 'memory ran out'}. Give fewer or lower --order, "
            "or smaller networks."
        ) from None


def _of_network(wiring: Wiring, asked: Asked) -> tuple["pd.DataFrame", list[str]]:
    import pandas as pd

    graph = wiring.graph
    if isinstance(graph, Digraph):
        mutual = asked.keep_mutual or wiring.undirected
        return _of_digraph(graph, replace(asked, keep_mutual=mutual))
    exact, tables = _exact(graph, asked), []
    for null in dict.fromkeys(asked.nulls):
        if null == "layered":
            tables.append(exact)
        elif null == "degree":
            tables.append(_degree(graph, asked, exact))
        elif null == "independent":
            tables.append(_independent(graph, asked, exact))
        else:
            tables.append(_published(graph, asked))
    return pd.concat(tables, ignore_index=True), []


def _exact(graph: LayeredGraph, asked: Asked) -> "pd.DataFrame":
    return _undrawn(motifs.profile(graph, supports=asked.supports, orders=asked.orders or (2, 3)))


def _undrawn(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table of exact moments with the columns of sampled ones."""
    return table.rename(columns={"p_normal": "p", "q_normal": "q"}).assign(
        p_method="normal",
        convention="copies",
        overlap=np.nan,
        **dict.fromkeys(("draws", "trades", "mixed")),
    )


def _degree(graph: LayeredGraph, asked: Asked, exact: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    tables = [
        motifs.sampled_profile(
            graph,
            "degree",
            number=asked.draws or _DRAWS,
            orders=asked.orders or (2, 3),
            support=support,
            seed=asked.seed,
        )
        for support in asked.supports
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table.merge(exact[[*_PLACE, "induced"]], on=_PLACE, how="left")
    return table.assign(p_method="sampled", **_NO_INDUCED)


def _independent(graph: LayeredGraph, asked: Asked, exact: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    tables = [
        motifs.independent_profile(graph, support=support, orders=asked.orders or (2, 3))
        for support in asked.supports
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table.merge(exact[[*_PLACE, "induced"]], on=_PLACE, how="left")
    return _undrawn(table).assign(**_NO_INDUCED)


def _published(graph: LayeredGraph, asked: Asked) -> "pd.DataFrame":
    table = motifs.sampled_profile(
        graph,
        "published",
        number=asked.draws or _DRAWS,
        support="live-published",
        seed=asked.seed,
        convention="published",
    )
    return table.assign(p_method="sampled", induced=None, **_NO_INDUCED)


_NO_INDUCED = dict.fromkeys(("induced_expected", "induced_sd", "induced_z"), np.nan)


def _of_digraph(graph: Digraph, asked: Asked) -> tuple["pd.DataFrame", list[str]]:
    draws = asked.draws or FEW_DRAWS
    orders, notes = asked.orders or motifs.DIGRAPH_ORDERS, []
    if other := sorted(set(orders) - set(motifs.DIGRAPH_ORDERS)):
        raise UserError(
            f"--order {other[0]}: networks without layers can be counted for orders 2 and 3 only."
        )
    sets = _connected_fours(np.asarray(graph.adjacency)) * (draws + 1)
    if asked.orders is None and sets > _TETRADS_AT_EASE:
        orders = (2,)
        notes.append(
            f"tetrads left out: {draws} draws would take some {sets:.0e} connected sets of four "
            "nodes, at about 10^7 a second. Give --order 3 to count them."
        )
    table = motifs.digraph_profile(
        graph, draws=draws, keep_mutual=asked.keep_mutual, seed=asked.seed, orders=orders
    )
    same = {f"induced_{name}": table[name] for name in ("expected", "sd", "z")}
    return table.assign(
        base_layer=motifs.TOTAL,
        support="all",
        bias=False,
        trades=None,
        mixed=None,
        convention="induced",
        p_method="sampled",
        induced=table["count"],
        **same,
    ), notes


def _connected_fours(wires: np.ndarray) -> int:
    """Return about how many sets of four nodes are connected: undirected stars and paths."""
    either = wires | wires.swapaxes(-1, -2)
    degree = either.sum(-1, dtype=np.int64)
    stars = sum(comb(int(n), 3) for n in degree.ravel())
    paths = sum(
        float((one - 1) @ (links @ (one - 1))) / 2
        for links, one in zip(either.astype(float), degree, strict=True)
    )
    return int(stars + max(paths, 0))
