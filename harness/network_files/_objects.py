"""Networks of other libraries as wirings, and back. No library is imported until it is needed."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import UserError

from ._choices import AS_THE_FILE_SAYS, Choices, most_entries
from ._digraphs import coded
from ._formats import Contents, Layout, Stored, problem_of
from ._matrices import sparse_matrix
from ._weights import networks
from ._wiring import Wiring, of_edges, of_matrix

if TYPE_CHECKING:
    from harness.sparse.graph import LayeredGraph


_WEIGHTS_TOO = Choices(weights=True)


def from_networkx(graph: Any, *, weight: str = "weight", threshold: float = 0.0) -> Wiring:
    """Return the digraph of a networkx graph; one without directions runs both ways.

    An edge without the attribute `weight` has weight 1. Nodes are named by `str`.

    **Errors:** UserError for two nodes of the same name and for no edge above the threshold.
    """
    names = {node: str(node) for node in graph.nodes}
    if len(set(names.values())) < len(names):
        twice = Counter(names.values()).most_common(1)[0][0]
        raise UserError(f"two nodes of the graph are named '{twice}'. Name each once.")
    links = [(names[a], names[b], w) for a, b, w in graph.edges(data=weight, default=1)]
    return _of_links("graph", list(names.values()), links, graph.is_directed(), threshold)


def from_igraph(graph: Any, *, weight: str = "weight", threshold: float = 0.0) -> Wiring:
    """Return the digraph of an igraph graph; one without directions runs both ways.

    Nodes have the attribute `name`, or their numbers; an edge without `weight` has weight 1.

    **Errors:** UserError for two nodes of the same name and for no edge above the threshold.
    """
    named = "name" in graph.vs.attributes()
    names = [str(name) for name in (graph.vs["name"] if named else range(graph.vcount()))]
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise UserError(f"two nodes of the graph are named '{twice}'. Name each once.")
    weights = graph.es[weight] if weight in graph.es.attributes() else [1] * graph.ecount()
    pairs = zip(graph.get_edgelist(), weights, strict=True)
    links = [(names[a], names[b], w) for (a, b), w in pairs]
    return _of_links("graph", names, links, graph.is_directed(), threshold)


def _of_links(
    where: str,
    names: list[str],
    links: list[tuple[str, str, Any]],
    directed: bool,
    threshold: float,
) -> Wiring:
    source, target = ([link[end] for link in links] for end in (0, 1))
    weight = np.array([link[2] for link in links], float)
    if not np.isfinite(weight).all():
        raise UserError(f"a weight of the {where} is no finite number. Set it.")
    edges = coded(where, source, target, weight, nodes=names)._replace(undirected=not directed)
    return of_edges(edges, threshold, _WEIGHTS_TOO)


def from_scipy(matrix: Any, *, layout: Layout | None = None, threshold: float = 0.0) -> Wiring:
    """Return the wiring of a sparse or dense matrix of two axes; rows are sources.

    A square matrix is a digraph, unless `layout` says that it is a layer of weights; another one is
    a network of two layers.

    **Errors:** UserError for entries that are no finite numbers and for no edge.
    """
    sparse = sparse_matrix("matrix", matrix, 0)
    return of_matrix(Path("matrix"), sparse, layout, threshold, _WEIGHTS_TOO, graph=True)


def from_state_dict(
    state: Mapping[str, Any],
    *,
    layout: Layout | None = None,
    threshold: float = 0.0,
    choices: Choices = AS_THE_FILE_SAYS,
) -> Wiring:
    """Return the layered network of named weights, such as PyTorch's `model.state_dict()`.

    Order, layout and pairs of weight and mask are found as in a file: see `read`.

    **Errors:** UserError as for a file of arrays.
    """
    arrays = []
    for name, held in state.items():
        array = _array(held)
        problem = problem_of(array.dtype.kind, str(array.dtype))
        arrays.append(Stored(name, array.shape, problem, lambda array=array: array))  # type: ignore[misc]
    contents = Contents(arrays, order="stored", assumed="in-out")
    path = Path("state dict")
    read, weights = networks(path, contents, layout, threshold, most_entries(), choices)
    return Wiring(*read, weights=weights)


def _array(held: Any) -> np.ndarray:
    """Return a tensor of PyTorch, or anything that NumPy takes, as an array."""
    if hasattr(held, "detach"):
        held = held.detach().cpu()
        held = held.float() if held.is_floating_point() else held
    array = np.asarray(held)
    return array.astype(np.float32) if array.dtype.kind == "V" else array  # bfloat16 of JAX


def to_scipy(wiring: Wiring, network: int = 0) -> list[Any]:
    """Return one network as sparse arrays, source x target: one a layer, one for a digraph."""
    from scipy import sparse

    if not isinstance(wiring.graph, tuple):
        return [sparse.csr_array(wires) for wires in _adjacency(wiring.graph, network)]
    one = wiring.graph[network]
    ends = one.sources, one.targets
    return [sparse.csr_array((np.ones(len(one.sources), bool), ends), shape=(one.nodes,) * 2)]


def to_state_dict(wiring: Wiring, network: int = 0) -> dict[str, np.ndarray]:
    """Return the masks of one network by the names of its arrays, out x in, 0 or 1."""
    if not isinstance(wiring.graph, tuple):
        layers = _adjacency(wiring.graph, network)
    else:
        layers = [wiring.graph[network].dense()]
    return {
        name: wires.T.astype(np.float32) for name, wires in zip(wiring.names, layers, strict=True)
    }


def to_networkx(wiring: Wiring, network: int = 0) -> Any:
    """Return one network as a networkx `DiGraph`; nodes of layers have the attribute `layer`."""
    import networkx

    names, layers, links = _linked(wiring, network)
    graph = networkx.DiGraph()
    graph.add_nodes_from(
        (name, {} if layer is None else {"layer": layer})
        for name, layer in zip(names, layers, strict=True)
    )
    graph.add_edges_from((names[a], names[b]) for a, b in links)
    return graph


def to_igraph(wiring: Wiring, network: int = 0) -> Any:
    """Return one network as a directed igraph `Graph`; nodes of layers have `layer`."""
    import igraph

    names, layers, links = _linked(wiring, network)
    graph = igraph.Graph(len(names), links, directed=True)
    graph.vs["name"] = names
    if layers[0] is not None:
        graph.vs["layer"] = layers
    return graph


def _adjacency(graph: "LayeredGraph", network: int) -> list[np.ndarray]:
    return [np.asarray(wires)[network] for wires in graph.adjacency]


def _linked(
    wiring: Wiring, network: int
) -> tuple[list[str], list[int | None], list[tuple[int, int]]]:
    """Return the names of all nodes, their layers, and the edges by their places.

    If two layers share a name, as with numbers, all names get their layer in front.
    """
    if isinstance(wiring.graph, tuple):
        one = wiring.graph[network]
        nodes = wiring.nodes[0] if wiring.nodes else tuple(map(str, range(one.nodes)))
        ends = zip(one.sources.tolist(), one.targets.tolist(), strict=True)
        return list(nodes), [None] * len(nodes), list(ends)
    wires = _adjacency(wiring.graph, network)
    sizes = [len(wires[0]), *(layer.shape[1] for layer in wires)]
    by_layer = wiring.nodes or [[str(n) for n in range(size)] for size in sizes]
    placed = [(layer, name) for layer, names in enumerate(by_layer) for name in names]
    once = len({name for _, name in placed}) == len(placed)
    names = [name if once else f"{layer}/{name}" for layer, name in placed]
    layers: list[int | None] = [layer for layer, size in enumerate(sizes) for _ in range(size)]
    starts = np.cumsum([0, *sizes])
    links = [
        (int(starts[layer] + a), int(starts[layer + 1] + b))
        for layer, one in enumerate(wires)
        for a, b in np.argwhere(one)
    ]
    return names, layers, links
