"""The networks of a file or an object, and how edges and sparse matrices become them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import UserError
from harness.sparse.edges import Digraphs

from ._choices import Choices, Edges, most_entries
from ._digraphs import digraph
from ._formats import Layout
from ._matrices import Sparse
from ._names import printable
from ._weights import networks

if TYPE_CHECKING:
    from harness.sparse.graph import LayeredGraph


@dataclass(frozen=True)
class Wiring:
    """The networks of a file.

    A layered `graph` has one leading batch axis, the networks: `adjacency[l]` is boolean,
    (networks, n_l, n_(l+1)). Digraphs are held by their edges, one for each network: an edge list
    without layers gives one. `names` are those of the arrays, input layer first; `layout` is the
    one in which they were read, None for an edge list; `notes` say what was left out or assumed.
    `nodes` are the names of the nodes by layer, of a digraph in one tuple, None if the file names
    none. `undirected` if edges were read both ways. `weights`, None if not asked for, have the
    shapes of `adjacency`, 0 where no edge is; those of digraphs are by network and edge, 1 where
    the file says none.
    """

    graph: "LayeredGraph | Digraphs"
    names: tuple[str, ...]
    layout: Layout | None
    notes: tuple[str, ...]
    nodes: tuple[tuple[str, ...], ...] | None = None
    undirected: bool = False
    weights: tuple[np.ndarray, ...] | None = None


def of_edges(edges: Edges, threshold: float, choices: Choices) -> Wiring:
    edges = edges._replace(undirected=edges.undirected or choices.undirected)
    graph, weights, notes = digraph(edges, threshold)
    kept = weights if choices.weights else None
    return Wiring(graph, ("edges",), None, notes, (edges.names,), edges.undirected, kept)


def of_matrix(
    path: Path,
    matrix: Sparse,
    asked: Layout | None,
    threshold: float,
    choices: Choices,
    *,
    graph: bool,
) -> Wiring:
    """Return the wiring of a matrix: if it is a `graph` and square, that of a digraph."""
    square = matrix.names[0] == matrix.names[1]
    if square and (choices.digraph or (graph and asked is None)) and asked != "out-in":
        return of_edges(matrix.edges(), threshold, choices)
    contents = matrix.contents(path.stem, graph=not square and asked is None)
    read, weights = networks(path, contents, asked, threshold, most_entries(), choices)
    names = matrix.names if read[2] != "out-in" else matrix.names[::-1]
    return Wiring(*read, names if read[2] else (matrix.names[0],), choices.undirected, weights)


def refuse_unvaried(wirings: Mapping[str, Wiring], nulls: Collection[str]) -> None:
    """Raise UserError if a digraph has no weights that the nulls `signs` or `weights` permute."""
    for name, wiring in wirings.items():
        if not isinstance(wiring.graph, tuple):
            continue
        for null, what, varying in (("signs", "sign", np.sign), ("weights", "size", np.abs)):
            for own in (wiring.weights or (np.ones(1),)) if null in nulls else ():
                if len(np.unique(varying(own))) < 2:
                    bare = (own == 1).all()
                    why = "no weights but 1" if bare else f"weights of one {what} only"
                    raise UserError(
                        f"'{printable(name)}' has {why}: --null {null} permutes the {what}s of the "
                        "edges' weights. Omit it, or name the weights of an edge list: --columns "
                        "SRC,DST,WEIGHT."
                    )
