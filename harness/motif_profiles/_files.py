"""Profiles of the networks in some files, as one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import motifs, network_files
from harness.errors import UserError, unknown
from harness.motif_profiles._ratios import with_ratios
from harness.network_files import Wiring, printable
from harness.sparse.edges import Digraphs
from harness.sparse.graph import LayeredGraph

if TYPE_CHECKING:
    import pandas as pd

OF_WEIGHTS = ("signs", "weights")
"""The nulls that keep all edges and permute their signs or weights."""
NULLS = ("layered", "degree", "degree-approx", "independent", "published", *OF_WEIGHTS)
_DRAWS, FEW_DRAWS = 1000, 100
_TETRADS_AT_EASE = 10**7
"""The most connected sets of four nodes in a network that are counted by default: about 1 s."""

_FIELDS = (
    *("file", "layout", "network", "motif", "mfinder", "order", "base_layer", "null", "draws"),
    "convention",
    *(
        "support",
        "bias",
        "calibrated",
        "uncalibrated",
        "trades",
        "rounds",
        "mixed",
        "count",
        "expected",
        "sd",
        "z",
        "z_error",
        "log2_ratio",
        "ratio",
        "null_low",
        "null_high",
        "expected_error",
        "p",
    ),
    *("p_method", "q", "profile", "overlap", "chance", "effective"),
    *("induced", "induced_expected", "induced_sd", "induced_z"),
    *("copies", "share", "coherence", "coherence_z"),
)
_PLACE = ["network", "support", "motif", "base_layer"]


@dataclass(frozen=True)
class Asked:
    """Options for the profiles.

    `nulls` but `signs` and `weights` are for layered networks; a digraph is compared with digraphs
    of the same degrees and, with `keep_mutual`, of the same mutual edges. `orders` and `draws` None
    choose by the kind of network. `by_layer` adds a row for each base layer to that for their sum.
    `given_lower` adds rows that compare classes of orders above 2 with what the counts of all lower
    orders predict, as `motifs.given_lower_profile`; only for layered networks.
    """

    orders: tuple[int, ...] | None = None
    supports: tuple[motifs.Support, ...] = ("all", "live")
    nulls: tuple[str, ...] = ("layered",)
    draws: int | None = None
    keep_mutual: bool = False
    seed: int = 0
    by_layer: bool = False
    given_lower: bool = False


@dataclass(frozen=True)
class Profiles:
    """The networks of several files, by the files' names, and the table of their motifs.

    `table` has `file`, its `layout`, and the columns of `motifs.profile`, `sampled_profile` and
    `digraph_profile`. `p` and `q` are normal approximations or ranks among draws, as `p_method`
    says; `calibrated` is whether z and p are valid for draws of the null, `uncalibrated` why not.
    `ratio` is count over expected, `null_low` to `null_high` what it is in the central 95 % of
    random networks, `expected_error` that of expected as a share, 0 if exact.
    `base_layer` is -1 for the sum over base layers; `mfinder` is mfinder's number of the class.
    Under the null `signs`, `count` is of coherent copies and `share` theirs of all `copies`; under
    `weights` it is the mean intensity of a copy, beside the `coherence` of the class and its z.
    `notes` say what was left out, by file.
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

    **Arguments and errors:** as in `network_files.read_files` and `of_wirings`.
    """
    read = network_files.read_files(paths, layout, threshold, nodes, choices)
    return of_wirings(read, asked)


def of_wirings(wirings: Mapping[str, Wiring], asked: Asked) -> Profiles:
    """Return the profiles of all networks, by the names of their files.

    **Errors:** UserError for an unknown null, an order without a census of digraphs, and networks
    too large for exact counts.
    """
    import pandas as pd

    _refuse_impossible(asked)
    notes: dict[str, tuple[str, ...]] = {}
    tables = []
    for name, wiring in wirings.items():
        with refused_if_too_large(name):
            table, own_notes = _of_network(name, wiring, asked)
        if not asked.by_layer:
            table = table[table["base_layer"] == motifs.TOTAL]
        notes[name] = (*wiring.notes, *own_notes)
        tables.append(table.assign(file=name, layout=wiring.layout or "edge list"))
    whole = pd.concat(tables, ignore_index=True)
    whole["mfinder"] = whole["motif"].map(motifs.mfinder_id)
    # Whole numbers, or None, as if moments are exact.
    for name in ("draws", "trades", "rounds", "mfinder"):
        numbers = [None if pd.isna(n) else int(n) for n in whole[name]]
        whole[name] = pd.Series(numbers, dtype=object)
    whole = with_ratios(whole).reindex(columns=list(_FIELDS))
    return Profiles(dict(wirings), whole, notes)


def _refuse_impossible(asked: Asked) -> None:
    """Raise UserError for an unknown null, too few draws, and orders that a null does not know."""
    for null in asked.nulls:
        if null not in NULLS:
            raise unknown("null", null, NULLS)
    if "degree-approx" in asked.nulls and 3 not in (asked.orders or (2, 3)):
        raise UserError(
            "--null degree-approx knows chain3, zigzag, fork_tail and merge_tail only, which are "
            "of order 3. Add --order 3 or take --null degree."
        )
    if asked.draws is not None and asked.draws < 2:
        raise UserError(f"--draws {asked.draws} gives no standard deviation. Give 2 or more.")
    if asked.given_lower and max(asked.orders or (3,)) < 3:
        raise UserError("--given lower: order 2 has no lower orders. Give --order 3 or 4.")


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


def _of_network(name: str, wiring: Wiring, asked: Asked) -> tuple["pd.DataFrame", list[str]]:
    import pandas as pd

    graph = wiring.graph
    if not isinstance(graph, LayeredGraph):
        return _of_digraph(name, wiring, graph, asked)
    orders = asked.orders or (2, 3)
    exact, tables = _exact(graph, asked), []
    for null in dict.fromkeys(asked.nulls):
        if null == "layered":
            tables.append(exact)
        elif null == "degree":
            tables.append(_degree(graph, asked, exact))
        elif null == "degree-approx":
            tables.append(_exact_null(partial(motifs.degree_approx_profile, graph), asked, exact))
        elif null == "independent":
            tables.append(
                _exact_null(partial(motifs.independent_profile, graph, orders=orders), asked, exact)
            )
        elif null in OF_WEIGHTS:
            if wiring.weights is None:
                raise UserError(
                    f"'{printable(name)}' holds no weights between layers: --null signs and "
                    "weights need them. Omit them, or list the nodes with their layers (--nodes)."
                )
            tables.append(_of_weights(graph, wiring.weights, null, asked))
        else:
            tables.append(_published(graph, asked))
    if asked.given_lower:
        given = partial(motifs.given_lower_profile, graph, orders=orders)
        tables.append(_exact_null(given, asked, exact))
    return pd.concat(tables, ignore_index=True), []


def _exact(graph: LayeredGraph, asked: Asked) -> "pd.DataFrame":
    return _undrawn(motifs.profile(graph, supports=asked.supports, orders=asked.orders or (2, 3)))


def _undrawn(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table of exact moments with the columns of sampled ones."""
    return table.rename(columns={"p_normal": "p", "q_normal": "q"}).assign(
        p_method="normal",
        convention="copies",
        **dict.fromkeys(("overlap", "chance", "effective", "z_error"), np.nan),
        **dict.fromkeys(("draws", "trades", "rounds", "mixed")),
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
    return table.assign(p_method="sampled", rounds=None, **_NO_INDUCED)


def _exact_null(
    profile: Callable[..., "pd.DataFrame"], asked: Asked, exact: "pd.DataFrame"
) -> "pd.DataFrame":
    import pandas as pd

    tables = [profile(support=support) for support in asked.supports]
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
    return table.assign(p_method="sampled", rounds=None, induced=None, **_NO_INDUCED)


def _of_weights(
    graph: LayeredGraph, weights: Sequence[np.ndarray], null: str, asked: Asked
) -> "pd.DataFrame":
    orders, draws = asked.orders or (2, 3), asked.draws or FEW_DRAWS
    if null == "weights":
        table = motifs.intensity_profile(graph, weights, orders, draws=draws, seed=asked.seed)
        table["convention"] = "intensity"
    else:
        signs = [np.sign(layer).astype(np.int8) for layer in weights]
        table = motifs.signed_profile(graph, signs, draws=draws, seed=asked.seed)
        table = table[table["order"].isin(orders)].assign(convention="coherent")
        if table.empty:
            raise UserError("--null signs counts classes of orders 2 and 3. Give one with --order.")
        table["copies"] = table["count"] + table["incoherent"]
    return table.assign(support="all", bias=False, effective=draws, **_UNDRAWN)


_UNDRAWN = {"p_method": "sampled", "trades": None, "rounds": None, "mixed": None}
_NO_INDUCED = dict.fromkeys(("induced_expected", "induced_sd", "induced_z"), np.nan)


def _of_digraph(
    name: str, wiring: Wiring, graph: Digraphs, asked: Asked
) -> tuple["pd.DataFrame", list[str]]:
    """Return the census, if a null but `signs` and `weights` is asked for, and their tables."""
    import pandas as pd

    if asked.given_lower:
        raise UserError(
            f"'{printable(name)}' is a digraph: --given lower is for layered networks. Omit it."
        )
    tables, notes = [], list[str]()
    if set(asked.nulls) - set(OF_WEIGHTS):
        mutual = asked.keep_mutual or wiring.undirected
        census, notes = _of_digraphs(graph, replace(asked, keep_mutual=mutual))
        tables.append(census)
    network_files.refuse_unvaried({name: wiring}, asked.nulls)
    for null in dict.fromkeys(asked.nulls):
        if null in OF_WEIGHTS:
            if 2 not in (asked.orders or (2,)):
                raise UserError(
                    f"'{printable(name)}' is a digraph, of which --null {null} counts classes of "
                    "order 2 only. Give --order 2."
                )
            draws = asked.draws or FEW_DRAWS
            table = motifs.weighted_triads_profile(
                graph,
                wiring.weights or (),
                null,
                undirected=wiring.undirected,
                draws=draws,
                seed=asked.seed,
            )
            if table.empty:
                raise UserError(
                    f"'{printable(name)}' has no feed-forward loop and no cycle of three nodes, "
                    f"the classes that --null {null} compares in digraphs. Omit it."
                )
            convention = "coherent" if null == "signs" else "intensity"
            tables.append(
                table.assign(
                    convention=convention, effective=draws, support="all", bias=False, **_UNDRAWN
                )
            )
    return pd.concat(tables, ignore_index=True), notes


def _of_digraphs(graph: Digraphs, asked: Asked) -> tuple["pd.DataFrame", list[str]]:
    orders, notes = asked.orders or motifs.DIGRAPH_ORDERS, []
    if other := sorted(set(orders) - set(motifs.DIGRAPH_ORDERS)):
        raise UserError(
            f"--order {other[0]}: networks without layers can be counted for orders 2 and 3 only."
        )
    if asked.orders is None and (reason := _why_no_tetrads(graph)):
        orders = (2,)
        notes.append(f"sets of four nodes (tetrads) left out: {reason}")
    draws = asked.draws or FEW_DRAWS
    table = motifs.digraph_profile(
        graph, draws=draws, keep_mutual=asked.keep_mutual, seed=asked.seed, orders=orders
    )
    same = {f"induced_{name}": table[name] for name in ("expected", "sd", "z")}
    return table.assign(
        base_layer=motifs.TOTAL,
        support="all",
        bias=False,
        chance=np.nan,
        effective=draws,
        z_error=motifs.error_of_z(table["z"].to_numpy(), draws),
        trades=None,
        convention="induced",
        p_method="sampled",
        induced=table["count"],
        **same,
    ), notes


def _why_no_tetrads(graph: Digraphs) -> str | None:
    """Return why tetrads are not counted unless they are asked for, or None."""
    sets = max(map(motifs.connected_fours, graph))
    if sets > _TETRADS_AT_EASE:
        return (
            f"one network has some {sets:.0e} connected ones, at about 10^7 a second. "
            "To count sets of four nodes, add --order 3."
        )
    return motifs.lacking_igraph("they")
