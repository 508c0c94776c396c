"""The switching chains: what they keep, what they refuse, and that their draws are uniform."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from harness.motifs import enough_rounds, switched
from harness.sparse.edges import sparse_digraph

ROUNDS = 24


def random_digraph(seed, nodes=12, density=0.3):
    rng = np.random.default_rng(seed)
    return (rng.random((nodes, nodes)) < density) & ~np.eye(nodes, dtype=bool)


def draws(start, seed=0, number=1, rounds=ROUNDS, **options):
    """Draws from a start as adjacency matrices."""
    digraph, rng = sparse_digraph(len(start), *np.nonzero(start)), np.random.default_rng(seed)
    drawn = switched(digraph, rng, number=number, rounds=rounds, **options)
    return [one.dense() for one in drawn]


def mutual_degrees(wires):
    return (wires & wires.T).sum(-1)


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(1, 14), st.booleans())
def test_degrees_are_kept_and_no_self_loop_is_made(seed, density, nodes, keep_mutual):
    start = random_digraph(seed, nodes, density)
    for draw in draws(start, seed, 3, 4, keep_mutual=keep_mutual):
        np.testing.assert_array_equal(draw.sum(0), start.sum(0))
        np.testing.assert_array_equal(draw.sum(1), start.sum(1))
        assert not np.diagonal(draw).any()
        if keep_mutual:
            np.testing.assert_array_equal(mutual_degrees(draw), mutual_degrees(start))


def test_mutual_pairs_are_kept_only_where_asked():
    start = random_digraph(1, 30, 0.1)
    start |= start.T
    (free,) = draws(start)
    (kept,) = draws(start, keep_mutual=True)
    assert mutual_degrees(free).sum() < mutual_degrees(start).sum() / 2
    np.testing.assert_array_equal(kept, kept.T)
    assert (kept != start).any()


def test_a_seed_gives_one_draw_and_draws_are_edge_lists_in_order():
    start = random_digraph(2)
    digraph = sparse_digraph(12, *np.nonzero(start))
    before = digraph.keys
    one, same, other = (
        switched(digraph, np.random.default_rng(seed), rounds=9, keep_mutual=True)[0]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.keys, same.keys)
    assert (one.keys != other.keys).any()
    assert (np.diff(one.keys) > 0).all()
    np.testing.assert_array_equal(digraph.keys, before)


def test_longer_runs_forget_the_start():
    start = random_digraph(3, 100, 0.05)
    shares = {
        number: np.mean([draw[start].mean() for draw in draws(start, number=20, rounds=number)])
        for number in (0, 1, 8, 40)
    }
    assert shares[0] == 1
    assert shares[1] > 2 * shares[8]
    assert shares[8] == pytest.approx(shares[40], abs=0.02)


def test_slots_that_share_numbers_only_slow_a_chain_down(monkeypatch):
    """As in networks of millions of nodes, whose places are too many for a number with a move."""
    monkeypatch.setattr("harness.motifs._switching._NOWHERE", 2**12 - 1)
    start = CASES["hub"][0]
    known = digraphs_like(start, False)
    seen = np.zeros(len(known))
    for draw in draws(start, number=12 * len(known), rounds=200):
        seen[known[draw.tobytes()]] += 1
    assert p_of_uniform(seen) > 1e-3


def test_nothing_to_switch():
    assert not draws(np.zeros((4, 4), bool))[0].any()
    full = ~np.eye(4, dtype=bool)
    for keep_mutual in (False, True):
        np.testing.assert_array_equal(draws(full, keep_mutual=keep_mutual)[0], full)
        digraph = sparse_digraph(4, *np.nonzero(full))
        rounds = enough_rounds(digraph, np.random.SeedSequence(0), keep_mutual=keep_mutual)
        assert (rounds.number, rounds.mixed) == (8, True)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ring", "half full", "two hubs"])
def test_rounds_are_as_many_as_bring_the_overlap_down_to_chance(kind):
    start = random_digraph(0, 60, {"ring": 0.0, "half full": 0.5, "two hubs": 0.02}[kind])
    start[np.arange(60), np.arange(60) - 1] = True
    start[:2, 2:55] |= kind == "two hubs"
    digraph = sparse_digraph(60, *np.nonzero(start))
    rounds = enough_rounds(digraph, np.random.SeedSequence(0))
    assert rounds.mixed
    print(kind, rounds.number)

    def share(number):
        return np.mean([draw[start].mean() for draw in draws(start, number=50, rounds=number)])

    chance = share(4 * rounds.number)
    assert share(rounds.number) == pytest.approx(chance, abs=0.01)
    assert share(rounds.number // 8) > chance + 0.01


def digraphs_like(start, keep_mutual, possible=True):
    """All digraphs without self-loops of the same degrees, by exhaustion: their bytes."""
    nodes = len(start)
    rows = []
    for node in range(nodes):
        others = [other for other in range(nodes) if other != node]
        rows.append([sum(1 << t for t in some) for some in combinations(others, start[node].sum())])
    partial = [()]
    for options in rows:
        partial = [(*one, row) for one in partial for row in options]
    codes = np.array(partial)
    wires = (codes[..., None] >> np.arange(nodes) & 1).astype(bool)
    right = (wires.sum(1) == start.sum(0)).all(1) & ~(wires & ~np.asarray(possible)).any((1, 2))
    if keep_mutual:
        mutual = (wires & wires.swapaxes(1, 2)).sum(2)
        right &= (mutual == mutual_degrees(start)).all(1)
    return {one.tobytes(): number for number, one in enumerate(wires[right])}


def p_of_uniform(seen):
    expected = seen.sum() / len(seen)
    return chi2.sf(((seen - expected) ** 2 / expected).sum(), len(seen) - 1)


def from_edges(nodes, *edges):
    wires = np.zeros((nodes, nodes), bool)
    wires[tuple(np.array(edges).T)] = True
    return wires


CASES = {
    # Only turning the triangle round leads from one of the two to the other.
    "triangle": (from_edges(3, (0, 1), (1, 2), (2, 0)), False, 2),
    "triangle of single edges": (from_edges(3, (0, 1), (1, 2), (2, 0)), True, 2),
    "derangements": (from_edges(4, (0, 1), (1, 2), (2, 3), (3, 0)), False, 9),
    "cycles of single edges": (from_edges(4, (0, 1), (1, 2), (2, 3), (3, 0)), True, 6),
    "hub": (from_edges(5, (0, 1), (0, 2), (0, 3), (1, 0), (2, 4), (3, 1), (4, 0)), False, None),
    "mutual and single": (
        from_edges(6, (0, 1), (1, 0), (2, 3), (3, 2), (0, 4), (5, 1), (4, 5)),
        True,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_draws_are_uniform(name):
    start, keep_mutual, number = CASES[name]
    known = digraphs_like(start, keep_mutual)
    assert len(known) > 1
    assert number in (None, len(known))
    seen = np.zeros(len(known))
    for draw in draws(start, 7, max(1500, 20 * len(known)), 60, keep_mutual=keep_mutual):
        seen[known[draw.tobytes()]] += 1
    print(name, len(known), p_of_uniform(seen))
    assert p_of_uniform(seen) > 1e-3


def recurrent_places(inputs, units, outputs):
    place = np.arange(inputs + units + outputs)
    sources, targets = place < inputs + units, place >= inputs
    return np.outer(sources, targets) & ~np.outer(place < inputs, place >= inputs + units)


RECURRENT = {
    # One walk from an input to an output through two units: only rewiring it leads to the other.
    "walk": ((1, 2, 1), [(0, 1), (1, 2), (2, 3)], False, 2),
    "two inputs": (
        (2, 3, 1), [(0, 2), (1, 3), (2, 3), (3, 4), (4, 5), (2, 5), (4, 2)], False, None,
    ),
    "mutual pairs": (
        (1, 4, 1), [(0, 1), (1, 2), (2, 1), (3, 4), (4, 3), (2, 3), (4, 5), (3, 5)], True, None,
    ),
    "single edges beside pairs": (
        (2, 3, 2), [(0, 2), (1, 4), (2, 3), (3, 2), (3, 6), (4, 3), (4, 5)], True, 10,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RECURRENT)
def test_draws_are_uniform_among_digraphs_with_edges_at_possible_places(name):
    sizes, edges, keep_mutual, number = RECURRENT[name]
    start, possible = from_edges(sum(sizes), *edges), recurrent_places(*sizes)
    known = digraphs_like(start, keep_mutual, possible)
    assert len(digraphs_like(start, keep_mutual)) > len(known) > 1
    assert number in (None, len(known))
    seen, number = np.zeros(len(known)), max(1500, 20 * len(known))
    for draw in draws(start, 5, number, 100, keep_mutual=keep_mutual, possible=possible):
        seen[known[draw.tobytes()]] += 1  # a KeyError for any other digraph
    print(name, len(known), p_of_uniform(seen))
    assert p_of_uniform(seen) > 1e-3


@given(st.integers(0, 10_000), st.floats(0.2, 0.9), st.booleans())
def test_no_edge_is_put_where_none_can_be(seed, density, keep_mutual):
    start = random_digraph(seed, 10, 0.5)
    possible = start | (np.random.default_rng(seed).random((10, 10)) < density)
    (draw,) = draws(start, seed, keep_mutual=keep_mutual, possible=possible)
    assert not (draw & ~possible).any()
    np.testing.assert_array_equal(draw.sum(0), start.sum(0))
    np.testing.assert_array_equal(draw.sum(1), start.sum(1))
    if keep_mutual:
        np.testing.assert_array_equal(mutual_degrees(draw), mutual_degrees(start))


def test_edges_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="1 edges are where `possible`"):
        draws(from_edges(3, (0, 1)), possible=np.zeros((3, 3), bool))


def test_counting_only_accepted_switches_would_be_biased():
    """Why refused switches count: graphs differ in how many switches they allow."""
    start = CASES["hub"][0]
    nodes = len(start)
    allowed = set()
    for code in digraphs_like(start, False):
        wires = np.frombuffer(code, bool).reshape(nodes, nodes)
        edges = np.argwhere(wires)
        allowed.add(
            sum(
                a != d and c != b and not wires[a, d] and not wires[c, b]
                for (a, b), (c, d) in permutations(edges, 2)
            )
        )
    assert len(allowed) > 1


def neighbours(edges, keep_mutual):
    """Every digraph one step away, by the rules as they are told."""
    pairs = {e for e in edges if keep_mutual and e[0] < e[1] and e[::-1] in edges}
    single = {e for e in edges if not keep_mutual or e[::-1] not in edges}

    def moved(old, new):
        left = edges - set(old)
        there = left | {e[::-1] for e in left} if keep_mutual else left
        if len(set(new)) == len(old) and not any(a == b or (a, b) in there for a, b in new):
            yield frozenset(left | set(new))

    for (a, b), (c, d) in combinations(single, 2):
        yield from moved([(a, b), (c, d)], [(a, d), (c, b)])
    for (a, b), (x, y) in combinations(pairs, 2):
        for c, d in ((x, y), (y, x)):
            old, new = [(a, b), (c, d)], [(a, d), (c, b)]
            yield from moved(old + [e[::-1] for e in old], new + [e[::-1] for e in new])
    for (a, b), (x, c), (y, d) in permutations(single, 3):
        if b == x and c == y:
            yield from moved([(a, b), (b, c), (c, d)], [(a, c), (c, b), (b, d)])


@pytest.mark.parametrize(("keep_mutual", "sets", "in_parts"), [(False, 170, 0), (True, 211, 12)])
def test_what_steps_reach_on_four_nodes(keep_mutual, sets, in_parts):
    """All digraphs, one labelling of each set of degrees: how many parts each set falls into."""
    places = list(permutations(range(4), 2))
    parts, seen = {}, set()
    for code in range(1 << len(places)):
        start = frozenset(place for n, place in enumerate(places) if code >> n & 1)
        mutual = {e for e in start if keep_mutual and e[::-1] in start}
        degrees = [
            tuple(
                sum(e[end] == node for e in some)
                for some, end in ((start, 0), (start, 1), (mutual, 0))
            )
            for node in range(4)
        ]
        if degrees != sorted(degrees) or start in seen:
            continue
        parts[tuple(degrees)] = parts.get(tuple(degrees), 0) + 1
        stack = [start]
        while stack:
            new = set(neighbours(stack.pop(), keep_mutual)) - seen
            seen |= new
            stack += new
        seen.add(start)
    assert len(parts) == sets
    assert sum(number > 1 for number in parts.values()) == in_parts
