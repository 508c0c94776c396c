"""Draws of digraphs in which every node keeps its in- and its out-degree, by switching edges.

A switch makes two edges a->b, c->d into a->d, c->b (Maslov and Sneppen 2002, Science 296:910),
unless that would make a self-loop or a double edge. A refused switch leaves the graph as it is. If
only accepted ones counted, each graph would be drawn in proportion to the number of switches that
it allows, which is biased (Roberts and Coolen 2012, Phys. Rev. E 85:046103).

In a round all edges are paired at random, and most pairs are switched one after the other. Each
switch undoes itself, and the reverse order is as likely, so that each round is as likely as its
reverse. Pairs meet only at the places of their edges and proposals: those that come first at all
their places are switched together, then those that come first among the others, and so on.

Switches alone cannot reverse a directed triangle, so between two rounds some walks a->b->c->d
become a->c->b->d, which does that if d = a. A walk is picked by an edge, a successor of its head
and one of that: with probability 1 / (edges * out(b) * out(c)), as is its reverse. Walks that are
picked together are left alone if they share a place. Switches and walks reach every digraph of the
same degrees (Rao, Jana and Bandyopadhyay 1996, Sankhya A 58:225): in the long run each is drawn
equally often.

Where some places can hold no edge, as from an output to an input, a move that needs one is refused.
If these places are one block of sources and targets, as between the inputs and the outputs of a
recurrent network, the moves still reach every digraph of the same degrees in small cases (the tests
enumerate some); other patterns may have separate parts.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from harness.sparse.edges import SparseDigraph, of_keys, sparse_digraph

_SWITCHED = 0.9
"""The share of the pairs that are tried: each switch can also be the only one."""
_EDGES_PER_WALK = 16
_WALKED = 0.5
"""The share of the walks that are picked: if each reversed a triangle, two would bring it back."""
_AT_ONCE = 2**15
"""The edges of all chains that are switched together: small networks take many chains."""
_SPARE = 8
"""How many numbers a place may take: a table of all costs less than sorting those in use."""
_ALL_FOUR = 0x01010101
"""Four true flags, one byte each."""
_NOWHERE = 2**63 - 1
"""The slot of a proposal that is not made."""

Places = Bool[np.ndarray, "nodes nodes"]
Numbers = Int64[np.ndarray, "chains moves"]
Flags = Bool[np.ndarray, "chains moves"]


def switched(
    digraph: SparseDigraph,
    rng: np.random.Generator,
    *,
    rounds: int,
    number: int = 1,
    keep_mutual: bool = False,
    possible: Places | None = None,
) -> list[SparseDigraph]:
    """Return some digraphs of the same in- and out-degrees, each so many rounds from `digraph`.

    With `keep_mutual` each node also keeps its number of mutual edges (a<->b): mutual pairs are
    switched among mutual pairs, single edges among single ones, and a slot is a pair of nodes, in
    either direction. These moves need not reach every digraph of the same degrees: in small dense
    graphs there can be separate parts (for 12 of the 211 sets of degrees on 4 nodes), and draws are
    uniform within the part of the start.

    **Arguments:** `number` of draws, independent given `digraph`; `possible` (nodes, nodes),
    source x target, says which places can hold an edge, all off the diagonal if None.

    **Errors:** ValueError for impossible edges.
    """
    drawn: list[SparseDigraph] = []
    for chains in started(digraph, number, keep_mutual=keep_mutual, possible=possible):
        chains.switch(rounds, rng)
        drawn += chains.digraphs()
    return drawn


def started(
    digraph: SparseDigraph, number: int, *, keep_mutual: bool, possible: Places | None
) -> Iterator["Chains"]:
    """Yield a number of chains that start from a digraph, as many together as fit."""
    if possible is not None and (wrong := int((~possible[digraph.sources, digraph.targets]).sum())):
        raise ValueError(f"{wrong} edges are where `possible` says that none can be")
    at_once = max(1, _AT_ONCE // max(1, len(digraph.sources)))
    for first in range(0, number, at_once):
        yield Chains(digraph, min(at_once, number - first), keep_mutual, possible)


class _Walks(NamedTuple):
    """Walks a->b->c->d by the places of their three edges, and whether a->c->b->d can be made.

    Only those that are `picked` count; one that cannot go on keeps the edges that it has.
    """

    places: tuple[Numbers, Numbers, Numbers]
    picked: Flags
    valid: Flags


class Chains:
    """Some chains that start from one digraph.

    `tails` and `heads`, (chains, edges), hold first the single edges, sorted by source, then the
    mutual pairs, once each. Single edges exchange heads only, so the edges that leave a node stay
    at the same places, from `starts[node]` on. A place counts through all chains.
    """

    def __init__(
        self, digraph: SparseDigraph, number: int, keep_mutual: bool, possible: Places | None
    ) -> None:
        self.nodes, self.keep_mutual, self.possible = digraph.nodes, keep_mutual, possible
        # Few edges have few collisions: the absent ones are switched where they are fewer.
        places = digraph.nodes * (digraph.nodes - 1) if possible is None else int(possible.sum())
        symmetric = possible is None or not keep_mutual
        self.absent = symmetric and 2 * len(digraph.sources) > places
        digraph = self._complement(digraph) if self.absent else digraph
        sources, targets = digraph.sources, digraph.targets
        mutual = np.zeros(len(sources), bool)
        if keep_mutual:
            mutual = np.isin(digraph.keys, targets * digraph.nodes + sources, assume_unique=True)
        once = mutual & (sources < targets)
        kept = np.concatenate([np.flatnonzero(~mutual), np.flatnonzero(once)])
        self.singles = len(kept) - int(once.sum())
        self.tails = np.tile(sources[kept], (number, 1))
        self.heads = np.tile(targets[kept], (number, 1))
        self.out = np.bincount(sources[~mutual], minlength=digraph.nodes)
        self.starts = np.cumsum(self.out) - self.out
        self.first = (np.arange(number) * len(kept))[:, None]

    def digraphs(self) -> list[SparseDigraph]:
        """Return the present state of each chain."""
        left, right = self.tails[:, self.singles :], self.heads[:, self.singles :]
        keys = [self.tails * self.nodes + self.heads, right * self.nodes + left]
        states = [of_keys(self.nodes, one) for one in np.sort(np.concatenate(keys, 1), 1)]
        return [self._complement(one) for one in states] if self.absent else states

    def _complement(self, digraph: SparseDigraph) -> SparseDigraph:
        absent = ~digraph.dense() if self.possible is None else self.possible & ~digraph.dense()
        return sparse_digraph(self.nodes, *np.nonzero(absent))

    def switch(self, rounds: int, rng: np.random.Generator) -> None:
        """Make some rounds of switches in every chain, with walks between them."""
        for number in range(rounds if self.heads.size else 0):
            if number:
                self._rewire(rng)
            self._switch(rng)

    def _switch(self, rng: np.random.Generator) -> None:
        """Switch most pairs of edges, one after the other."""
        i, j, mutual = self._paired(rng)
        a, b, c, d = self.tails.take(i), self.heads.take(i), self.tails.take(j), self.heads.take(j)
        if mutual.any():
            turned = mutual & (rng.random(i.shape) < 0.5)
            c, d = np.where(turned, d, c), np.where(turned, c, d)
        tried = self._fits(a, d, mutual) & self._fits(c, b, mutual) & (a != c) & (b != d)
        tried &= rng.random(i.shape) < _SWITCHED
        edges, pairs = self.heads.shape[1], i.shape[1]
        place = np.concatenate(
            [self._place(*ends) for ends in ((self.tails, self.heads), (a, d), (c, b))], 1
        )
        number, numbers = _numbered(place, self.nodes**2)
        taken = np.zeros(numbers, bool)
        taken[number[:, :edges]] = True
        # From the last pair to the first, as `_switched` takes them.
        which = np.flatnonzero(tried.T[::-1])
        chain, pair = which % len(i), pairs - 1 - which // len(i)
        i, j = i[chain, pair], j[chain, pair]
        own = number[:, :edges].reshape(-1)
        new = (number[chain, edges + pair], number[chain, edges + pairs + pair])
        done = _switched(np.stack([own[i], own[j], *new], 1), taken)
        chain, pair, i, j = chain[done], pair[done], i[done], j[done]
        tails, heads = self.tails.reshape(-1), self.heads.reshape(-1)
        heads[i], tails[j], heads[j] = d[chain, pair], c[chain, pair], b[chain, pair]

    def _rewire(self, rng: np.random.Generator) -> None:
        """Rewire some walks together, those that share no place with another."""
        walks = self._walks(rng)
        if not walks.picked.any():
            return
        a, (b, c, d) = self.tails.take(walks.places[0]), map(self.heads.take, walks.places)
        walk = np.arange(a.shape[1])
        alone = len(walk)
        move = np.full(self.heads.size, alone)
        for places in walks.places:
            move[places[walks.picked]] = np.broadcast_to(walk, places.shape)[walks.picked]
        pack = partial(self._slots, alone.bit_length())
        slots = [
            pack(self.tails, self.heads, move.reshape(self.heads.shape)),
            *(pack(tails, heads, walk, walks.picked) for tails, heads in ((a, b), (b, c), (c, d))),
            *(pack(tails, heads, walk, walks.valid) for tails, heads in ((a, c), (c, b), (b, d))),
        ]
        done = walks.valid & ~_shared(np.concatenate(slots, 1), alone)[:, :alone]
        heads = self.heads.reshape(-1)
        for places, new in zip(walks.places, (c, d, b), strict=True):
            heads[places[done]] = new[done]

    def _paired(self, rng: np.random.Generator) -> tuple[Numbers, Numbers, Bool[np.ndarray, " m"]]:
        """Return the places of the two edges of each pair, and which pairs are of mutual pairs.

        Mutual pairs and single edges are paired among themselves. The order is random.
        """
        number, edges = self.heads.shape
        one, other = [], []
        for kind in (np.arange(self.singles), np.arange(self.singles, edges)):
            size = len(kind) // 2
            order = rng.permuted(np.tile(kind, (number, 1)), axis=1) + self.first
            one.append(order[:, :size])
            other.append(order[:, size : 2 * size])
        mutual = np.repeat([False, True], [one[0].shape[1], one[1].shape[1]])
        i, j = np.concatenate(one, 1), np.concatenate(other, 1)
        if not mutual.any():
            return i, j, mutual
        turns = rng.permutation(len(mutual))
        return i[:, turns], j[:, turns], mutual[turns]

    def _walks(self, rng: np.random.Generator) -> _Walks:
        """Pick walks of single edges."""
        size = -(-self.singles // _EDGES_PER_WALK)
        x = rng.integers(0, max(1, self.singles), (len(self.heads), size)) + self.first
        y, goes_on = self._successors(x, rng)
        z, goes_far = self._successors(y, rng)
        a, (b, c, d) = self.tails.take(x), map(self.heads.take, (x, y, z))
        single = np.zeros(size, bool)
        fits = self._fits(a, c, single) & self._fits(c, b, single) & self._fits(b, d, single)
        picked = rng.random(x.shape) < _WALKED
        return _Walks((x, y, z), picked, picked & goes_on & goes_far & fits)

    def _successors(self, places: Numbers, rng: np.random.Generator) -> tuple[Numbers, Flags]:
        """Return an edge that leaves the head of each edge, the same edge if none does."""
        node = self.heads.take(places)
        lots = (rng.random(places.shape) * self.out[node]).astype(np.int64)
        leaves = self.out[node] > 0
        return np.where(leaves, self.first + self.starts[node] + lots, places), leaves

    def _fits(self, tails: Numbers, heads: Numbers, mutual: Bool[np.ndarray, " moves"]) -> Flags:
        fits = tails != heads
        if self.possible is not None:
            fits &= self.possible[tails, heads] & (self.possible[heads, tails] | ~mutual)
        return fits

    def _place(self, tails: Numbers, heads: Numbers) -> Numbers:
        """Return places as numbers: of an edge, or of a pair of nodes if mutual pairs are kept."""
        if self.keep_mutual:
            tails, heads = np.minimum(tails, heads), np.maximum(tails, heads)
        return tails * self.nodes + heads

    def _slots(
        self,
        bits: int,
        tails: Numbers,
        heads: Numbers,
        move: Int64[np.ndarray, "... moves"],
        proposed: Flags | None = None,
    ) -> Numbers:
        """Return slots as numbers: the place, or pair of nodes, then `bits` for the move's number.

        Where there are too many places, some share a number: that refuses some moves more, back
        and forth alike.
        """
        place, most = self._place(tails, heads), _NOWHERE >> bits
        if self.nodes**2 > most:
            place %= most
        slots = place << bits | move
        return slots if proposed is None else np.where(proposed, slots, _NOWHERE)


def _numbered(
    place: Int64[np.ndarray, "chains places"], most: int
) -> tuple[Int64[np.ndarray, "chains places"], int]:
    """Return a number for equal places of a chain, unlike all others, and what all are below.

    Places are below `most`. Where not many of these are left out, each keeps its own number.
    """
    if most <= _SPARE * place.shape[1]:
        return place + most * np.arange(len(place))[:, None], most * len(place)
    order = np.argsort(place, axis=1)
    ranked = np.take_along_axis(place, order, 1)
    fresh = np.ones(place.shape, bool)
    fresh[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    number = np.empty(place.shape, np.int64)
    np.put_along_axis(number, order, np.cumsum(fresh).reshape(place.shape) - 1, 1)
    return number, place.size


def _switched(
    places: Int64[np.ndarray, "pairs 4"], taken: Bool[np.ndarray, " places"]
) -> Int64[np.ndarray, " switched"]:
    """Return which pairs are switched: the last first, each if its last two places are free.

    A pair can be switched as soon as no pair that comes before it has one of its places.
    """
    waiting, first, done = np.arange(len(places)), np.empty(len(taken), np.int64), []
    while len(waiting):
        # Of equal places the last one is kept: that of the pair that comes first.
        first[places] = waiting[:, None]
        # Flags of a row are compared as one number, which is ten times faster than `all` of them.
        ready = (first.take(places) == waiting[:, None]).view(np.uint32)[:, 0] == _ALL_FOUR
        now = places[ready]
        free = taken.take(now[:, 2:]).view(np.uint16)[:, 0] == 0
        switched = now[free]
        taken[switched[:, :2]], taken[switched[:, 2:]] = False, True
        done.append(waiting[ready][free])
        waiting, places = waiting[~ready], places[~ready]
    return np.concatenate(done) if done else waiting


def _shared(slots: Int64[np.ndarray, "chains slots"], alone: int) -> Flags:
    """Return which moves, and edges `alone`, have a slot that another move has too."""
    bits = alone.bit_length()
    slots.sort(axis=1)
    change = slots[:, 1:] ^ slots[:, :-1]
    chain, at = np.nonzero((change > 0) & (change < 1 << bits))
    shared = np.zeros((len(slots), alone + 1), bool)
    for place in (at, at + 1):
        shared[chain, slots[chain, place] & ((1 << bits) - 1)] = True
    return shared
