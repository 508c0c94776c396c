"""Draws of digraphs in which every node keeps its in- and its out-degree, by switching edges.

A step picks two edges a->b, c->d and makes them a->d, c->b, unless that would make a self-loop or a
double edge (Maslov and Sneppen 2002, Science 296:910). A refused switch counts as a step that
leaves the graph unchanged. If only accepted steps counted, each graph would be drawn in proportion
to the number of switches that it allows, which is biased (Roberts and Coolen 2012, Phys. Rev. E
85:046103).

Switches alone cannot reverse a directed triangle, so some steps make a walk a->b->c->d into
a->c->b->d, which does that if d = a. Both kinds together reach every digraph of the same degrees
(Rao, Jana and Bandyopadhyay 1996, Sankhya A 58:225). Each step is as likely as its reverse: in the
long run every such digraph is drawn equally often.

Where some places can hold no edge, as from an output to an input, a step that needs one is refused.
If these places are one block of sources and targets, as between the inputs and the outputs of a
recurrent network, both kinds of steps still reach every digraph of the same degrees in small cases
(the tests enumerate some); other patterns may have separate parts.
"""

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from jaxtyping import Bool

SWITCHES_PER_EDGE = 20
"""Switches tried for each draw: several times what brings the overlap with the start to chance."""

_SWITCHES_PER_WALK = 10
"""Switches that are tried for each attempt to rewire a walk."""

Wiring = Bool[np.ndarray, "nodes nodes"]


@dataclass(frozen=True)
class Switched:
    """A digraph after a run of switches.

    `adjacency`, (nodes, nodes), is source x target; of the steps `tried` (switches and walks),
    `accepted` changed the graph; `overlap` is the share of the start's edges that the draw has too,
    NaN without edges. Runs have mixed once longer ones no longer lower it.
    """

    adjacency: Wiring
    tried: int
    accepted: int
    overlap: float


def switched(
    adjacency: Wiring,
    rng: np.random.Generator,
    *,
    keep_mutual: bool = False,
    possible: Wiring | None = None,
    switches_per_edge: int = SWITCHES_PER_EDGE,
) -> Switched:
    """Return one digraph of the same in- and out-degrees, after a run of steps from `adjacency`.

    With `keep_mutual` each node also keeps its number of mutual edges (a<->b): mutual pairs are
    switched among mutual pairs, single edges among single ones, and a switch is refused if it would
    join two nodes that are already joined, in either direction. These steps need not reach every
    digraph of the same degrees: in small dense graphs there can be separate parts (for 12 of the
    211 sets of degrees on 4 nodes), and draws are uniform within the part of the start.

    **Arguments:** `adjacency` (nodes, nodes), source x target; `possible`, of the same shape, says
    which places can hold an edge, all off the diagonal if None; `switches_per_edge` switches are
    tried for each edge, and a tenth as many rewirings of walks. If most switches are refused, as in
    dense graphs with many mutual pairs kept, more are needed: compare overlaps.

    **Errors:** ValueError for self-loops, which this null excludes, and for impossible edges.
    """
    loops = int(np.diagonal(adjacency).sum())
    if loops:
        raise ValueError(f"{loops} self-loops; clear the diagonal: this null excludes them")
    forbidden = np.eye(len(adjacency), dtype=bool)
    if possible is not None:
        forbidden |= ~possible
        if wrong := int((adjacency & forbidden).sum()):
            raise ValueError(f"{wrong} edges are where `possible` says that none can be")
    edges = int(adjacency.sum())
    chain = _Chain(adjacency, forbidden, keep_mutual)
    tried = accepted = 0
    for _ in range(switches_per_edge):
        # A fixed number of walks would bring a triangle that every walk reverses back each time.
        walks = rng.binomial(2 * -(-edges // _SWITCHES_PER_WALK), 0.5)
        tried += edges + walks
        of_pairs = rng.binomial(edges, chain.share_of_pairs)
        steps = (
            (chain.switch_edges, edges - of_pairs),
            (chain.switch_pairs, of_pairs),
            (chain.rewire_walks, walks),
        )
        # In a random order, so that a whole run is as likely as its reverse.
        for which in rng.permutation(len(steps)):
            step, number = steps[which]
            accepted += step(int(number), rng)
    drawn = chain.adjacency()
    overlap = int((drawn & adjacency).sum()) / edges if edges else float("nan")
    return Switched(drawn, tried, accepted, overlap)


class _Chain:
    """A digraph as lists of edges, which plain Python changes faster than NumPy arrays.

    `rows` and `heads` hold the single edges, sorted by source; `rows` has the source's number times
    `nodes`. A switch exchanges two heads, so sources stay in place and the successors of a node are
    always `heads[starts[node] : starts[node + 1]]`. `left` and `right` hold the mutual pairs.
    `taken` marks each place source * nodes + target that may not get an edge: it holds one, or (if
    mutual pairs are kept) its reverse does, or it is `forbidden`, as the diagonal is.
    """

    def __init__(self, adjacency: np.ndarray, forbidden: np.ndarray, keep_mutual: bool) -> None:
        self.nodes = len(adjacency)
        self.keep_mutual = keep_mutual
        mutual = adjacency & adjacency.T & keep_mutual
        tails, heads = np.nonzero(adjacency & ~mutual)
        left, right = np.nonzero(np.triu(mutual))
        self.rows: list[int] = (tails * self.nodes).tolist()
        self.heads: list[int] = heads.tolist()
        degrees = np.bincount(tails, minlength=self.nodes).tolist()
        self.starts = list(accumulate(degrees, initial=0))
        self.left: list[int] = left.tolist()
        self.right: list[int] = right.tolist()
        self.share_of_pairs = len(left) / max(1, len(left) + len(heads))
        taken = adjacency | adjacency.T if keep_mutual else adjacency
        self.taken = bytearray((taken | forbidden).tobytes())
        self.forbidden = forbidden.tobytes()

    def adjacency(self) -> np.ndarray:
        """Return the graph in its present state, (nodes, nodes)."""
        wires = np.zeros((self.nodes, self.nodes), bool)
        wires.reshape(-1)[np.add(self.rows, self.heads).astype(np.intp)] = True
        left, right = np.array([self.left, self.right], np.intp)
        wires[left, right] = wires[right, left] = True
        return wires

    def switch_edges(self, number: int, rng: np.random.Generator) -> int:
        """Try `number` switches of single edges. Returns how many were accepted."""
        rows, heads, taken, nodes = self.rows, self.heads, self.taken, self.nodes
        keep_mutual, forbidden = self.keep_mutual, self.forbidden
        if not heads:
            return 0
        accepted = 0
        first, second = rng.integers(0, len(heads), (2, number)).tolist()
        for i, j in zip(first, second, strict=True):
            row, other_row, head, other_head = rows[i], rows[j], heads[i], heads[j]
            if taken[row + other_head] or taken[other_row + head]:
                continue
            taken[row + head] = taken[other_row + other_head] = 0
            taken[row + other_head] = taken[other_row + head] = 1
            if keep_mutual:
                tail, other_tail = row // nodes, other_row // nodes
                back, other_back = head * nodes, other_head * nodes
                taken[back + tail] = forbidden[back + tail]
                taken[other_back + other_tail] = forbidden[other_back + other_tail]
                taken[other_back + tail] = taken[back + other_tail] = 1
            heads[i], heads[j] = other_head, head
            accepted += 1
        return accepted

    def switch_pairs(self, number: int, rng: np.random.Generator) -> int:
        """Try `number` switches of mutual pairs. Returns how many were accepted."""
        left, right, taken, nodes = self.left, self.right, self.taken, self.nodes
        if not number:
            return 0
        accepted = 0
        picked = rng.integers(0, len(left), (number, 2)).tolist()
        for (i, j), flip in zip(picked, (rng.random(number) < 0.5).tolist(), strict=True):
            a, b = left[i], right[i]
            c, d = (right[j], left[j]) if flip else (left[j], right[j])
            if taken[a * nodes + d] or taken[c * nodes + b]:
                continue
            if taken[d * nodes + a] or taken[b * nodes + c]:
                continue
            taken[a * nodes + b] = taken[c * nodes + d] = 0
            taken[a * nodes + d] = taken[c * nodes + b] = 1
            taken[b * nodes + a] = taken[d * nodes + c] = 0
            taken[d * nodes + a] = taken[b * nodes + c] = 1
            right[i], left[j], right[j] = d, c, b
            accepted += 1
        return accepted

    def rewire_walks(self, number: int, rng: np.random.Generator) -> int:
        """Try `number` times to make a walk a->b->c->d into a->c->b->d. Returns how many it made.

        If d = a that reverses a triangle. A walk is picked by a single edge, a successor of its
        head and one of that: with probability 1 / (edges * out(b) * out(c)), as is its reverse.
        """
        heads, starts, taken, nodes = self.heads, self.starts, self.taken, self.nodes
        if not heads:
            return 0
        accepted = 0
        picked = rng.integers(0, len(heads), number).tolist()
        for i, lots in zip(picked, rng.random((number, 2)).tolist(), strict=True):
            a, b = self.rows[i] // nodes, heads[i]
            j = starts[b] + int(lots[0] * (starts[b + 1] - starts[b]))
            if j == starts[b + 1]:
                continue
            c = heads[j]
            k = starts[c] + int(lots[1] * (starts[c + 1] - starts[c]))
            if k == starts[c + 1]:
                continue
            d = heads[k]
            first, middle, last = a * nodes + c, c * nodes + b, b * nodes + d
            if self.keep_mutual:
                # The walk itself takes the places between b and c and, if d = a, the others too.
                if d != a and (taken[first] or taken[last]):
                    continue
                if self.forbidden[first] or self.forbidden[middle] or self.forbidden[last]:
                    continue
            elif taken[first] or taken[middle] or taken[last]:
                continue
            self._mark(((a, b), (b, c), (c, d)), 0)
            self._mark(((a, c), (c, b), (b, d)), 1)
            heads[i], heads[j], heads[k] = c, d, b
            accepted += 1
        return accepted

    def _mark(self, edges: tuple[tuple[int, int], ...], taken: int) -> None:
        """Record in `taken` that edges were added or removed."""
        for source, target in edges:
            self.taken[source * self.nodes + target] = taken
            if self.keep_mutual:
                back = target * self.nodes + source
                self.taken[back] = taken or self.forbidden[back]
