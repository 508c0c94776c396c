"""Graph formats: GraphML, GML and Pajek. Their parsers follow no reference to other files."""

import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import numpy as np

from harness.errors import UserError

from ._choices import Edges
from ._digraphs import refuse_bare
from ._edges import KNOWN_WEIGHTS
from ._formats import decoding
from ._names import printable, quoted
from ._tables import content, plain, text

_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_GML = re.compile(r'"([^"]*)"|([][])|([^\s"\[\]]+)')


class _Edge(NamedTuple):
    source: str
    target: str
    weight: float
    directed: bool


def read(path: Path, suffix: str) -> Edges:
    """Return the edges of a graph file; an edge without a direction runs both ways.

    **Errors:** UserError for a file that is damaged, names unknown nodes or has no edge.
    """
    where = f"'{printable(path)}'"
    with decoding(path):
        nodes, edges = {".graphml": _graphml, ".gml": _gml}.get(suffix, _pajek)(path)
        if not edges:
            raise UserError(f"{where} has no edges. Write some.")
        place = {node: n for n, node in enumerate(nodes)}
        absent = next((end for edge in edges for end in edge[:2] if end not in place), None)
        if absent is not None:
            raise UserError(f"{where} has an edge of the node {quoted(absent)}, which it lacks.")
        both = [edge for edge in edges if not edge.directed]
        undirected = len(both) == len(edges)
        if not undirected:
            edges += [_Edge(edge.target, edge.source, edge.weight, True) for edge in both]
        weight = np.array([edge.weight for edge in edges], float)
        if not np.isfinite(weight).all():
            raise ValueError("a weight is no finite number")
    source = np.array([place[edge.source] for edge in edges], np.int64)
    target = np.array([place[edge.target] for edge in edges], np.int64)
    return Edges(where, _labels(nodes), source, target, weight, undirected)


def _labels(nodes: dict[str, str]) -> tuple[str, ...]:
    """Return the labels of the nodes, or their ids if labels repeat."""
    unique = max(Counter(nodes.values()).values()) == 1
    return tuple(nodes.values() if unique else nodes)


def _graphml(path: Path) -> tuple[dict[str, str], list[_Edge]]:
    """Return nodes and edges of a GraphML file. It may have no DOCTYPE, so no entities."""
    handlers = _GraphML()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = handlers.refuse
    parser.StartElementHandler, parser.EndElementHandler = handlers.start, handlers.end
    parser.CharacterDataHandler = handlers.letters
    parser.Parse(content(path), True)
    default = next(iter(handlers.weights.values()), "1")
    edges = [
        _Edge(
            one["source"],
            one["target"],
            float(one.get("weight", default)),
            one["directed"] == "true",
        )
        for one in handlers.edges
    ]
    return handlers.nodes, edges


class _GraphML:
    """What a parser of GraphML has met: nodes with their labels, edges, and keys of their data."""

    def __init__(self) -> None:
        self.nodes: dict[str, str] = {}
        self.edges: list[dict[str, str]] = []
        self.weights: dict[str, str] = {}  # defaults by key
        self._labels: set[str] = set()
        self._directed = "true"
        self._around = ("", "")  # the node, edge or key around the text, and its id
        self._text: tuple[dict[str, str], str] | None = None  # where the text belongs

    def start(self, tag: str, given: dict[str, str]) -> None:
        kind, (around, of) = tag.rpartition(":")[2], self._around
        if kind in ("node", "edge", "key"):
            self._around = kind, given.get("id", "")
        if kind == "graph":
            self._directed = str(given.get("edgedefault") != "undirected").lower()
        elif kind == "node":
            self.nodes[given["id"]] = given["id"]
        elif kind == "edge":
            self.edges.append({"directed": self._directed} | given)
        elif kind == "key":
            name, owner = plain(given.get("attr.name", given["id"])), given.get("for", "all")
            if owner != "node" and name in KNOWN_WEIGHTS:
                self.weights[given["id"]] = "1"
            elif owner != "edge" and name in ("label", "name"):
                self._labels.add(given["id"])
        elif kind == "hyperedge":
            raise ValueError("hyperedges are not read")
        elif kind == "default" and of in self.weights:
            self._expect(self.weights, of)
        elif kind == "data" and around == "edge" and given["key"] in self.weights:
            self._expect(self.edges[-1], "weight")
        elif kind == "data" and around == "node" and given["key"] in self._labels:
            self._expect(self.nodes, of)

    def _expect(self, owner: dict[str, str], key: str) -> None:
        owner[key] = ""
        self._text = owner, key

    def letters(self, more: str) -> None:
        if self._text is not None:
            owner, key = self._text
            owner[key] += more

    def end(self, tag: str) -> None:
        self._text = None

    def refuse(self, *_: Any) -> None:
        raise ValueError("a DOCTYPE, which can name other files, is not read; delete it")


def _gml(path: Path) -> tuple[dict[str, str], list[_Edge]]:
    """Return nodes and edges of a GML file. Without `directed 1` the graph is undirected."""
    lines = (line for line in text(path).split("\n") if not line.lstrip().startswith("#"))
    root: dict[str, list] = {}
    stack, key = [root], ""
    for quote, bracket, word in _GML.findall("\n".join(lines)):
        if bracket == "]":
            stack.pop()
            if not stack:
                raise ValueError("there are more ']' than '['")
        elif not key:
            key = word.lower()
        else:
            value: Any = {} if bracket else word or html.unescape(quote)
            stack[-1].setdefault(key, []).append(value)
            if bracket:
                stack.append(value)
            key = ""
    if len(stack) > 1 or key:
        raise ValueError("a '[' is not closed")
    (graph,) = root["graph"]
    nodes = {
        one["id"][0]: (one.get("label") or one.get("name") or one["id"])[0]
        for one in graph.get("node", ())
    }
    directed = graph.get("directed", ["0"])[0] == "1"
    edges = []
    for one in graph.get("edge", ()):
        weights = [values[0] for name, values in one.items() if plain(name) in KNOWN_WEIGHTS]
        edges.append(
            _Edge(one["source"][0], one["target"][0], float((weights or ["1"])[0]), directed)
        )
    return nodes, edges


def _pajek(path: Path) -> tuple[dict[str, str], list[_Edge]]:
    """Return nodes and edges of a Pajek network: arcs have a direction, edges none."""
    rows = [[a or b for a, b in _TOKEN.findall(line)] for line in text(path).split("\n")]
    rows = [row for row in rows if row and not row[0].startswith("%")]
    nodes: dict[str, str] = {}
    edges: list[_Edge] = []
    section, line = "", 0
    for row in rows:
        if row[0].startswith("*"):
            section, line = row[0].lower(), 0
            if section == "*vertices":
                refuse_bare(f"'{printable(path)}'", int(row[1]), len(rows))
                nodes = {str(n): str(n) for n in range(1, int(row[1]) + 1)}
            continue
        line += 1
        if section == "*vertices":
            nodes[row[0]] = row[1] if len(row) > 1 else row[0]
        elif section in ("*arcs", "*edges"):
            weight = float(row[2]) if len(row) > 2 else 1.0
            edges.append(_Edge(row[0], row[1], weight, section == "*arcs"))
        elif section in ("*arcslist", "*edgeslist"):
            edges += [_Edge(row[0], target, 1.0, section == "*arcslist") for target in row[1:]]
        elif section == "*matrix":
            edges += _matrix_row(line, row)
    return nodes, edges


def _matrix_row(line: int, row: Sequence[str]) -> list[_Edge]:
    weights = enumerate(map(float, row), 1)
    return [_Edge(str(line), str(n), weight, True) for n, weight in weights if weight]
