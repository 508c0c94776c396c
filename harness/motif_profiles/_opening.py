"""The first screen of a page of profiles: what was compared, the answer, how sure it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.motif_profiles._effects import LEVEL, Effects, is_fixed
from harness.motif_profiles._words import (
    COUNTED,
    NULLS,
    SHORT_NULLS,
    arrows,
    null_range,
    patterns,
    precision,
    times,
)
from harness.network_files import Wiring
from harness.sparse.graph import LayeredGraph, edge_counts, node_counts
from harness.tables.parts import (
    MOST_FINDINGS,
    MOST_WORDS,
    Finding,
    counted,
    fixed,
    listed,
    number,
    p_value,
)

if TYPE_CHECKING:
    import pandas as pd

_NAMED = 3
"""More files than these are counted in a title, not named."""
_CLAUSES = 2
"""The verdict says so much at most of files and nulls; the table has the rest."""


def title(names: Sequence[str]) -> str:
    """Return what was compared, with the names of up to three files."""
    who = listed(names) if len(names) <= _NAMED else f"{len(names)} files"
    return f"Motifs of {who} compared with random networks"


def verdict(found: Sequence[Effects], names: Mapping[str, str]) -> str:
    """Return the answer in a sentence: how many classes differ beside each null, which most."""
    several = len(names) > 1
    clauses = [
        f"{names[one.file]}: " * several
        + f"beside {NULLS[one.null]}, {_clause(one, again=_same(found[:place], one))}"
        for place, one in enumerate(found[:_CLAUSES])
    ]
    text = "; ".join(clauses)
    more = " The tables have the other comparisons." if len(found) > _CLAUSES else ""
    return f"{text if several else text[:1].upper() + text[1:]}.{more}"


def _same(before: Sequence[Effects], one: Effects) -> bool:
    """Return whether the patterns of the comparison before are those of this one, too."""
    return (
        bool(before)
        and before[-1].file == one.file
        and (set(before[-1].classes["motif"]) == set(one.classes["motif"]))
    )


def _clause(one: Effects, *, again: bool) -> str:
    if not one.calibrated or one.too_few_draws:
        why = "no test is valid here" if not one.calibrated else "these draws are too few to decide"
        outside = one.outside
        far = f"; furthest outside their 95\u00a0% is {_named(outside)}" if len(outside) else ""
        return f"{why}{far}"
    counts = []
    for number_of, part in enumerate(_families(one)):
        some = "of these" if again else f"of {patterns(part.classes)}"
        sides = [
            f"{len(ranked)} {'is' if len(ranked) == 1 else 'are'} {word} frequent"
            + f" (most {_named(ranked)})" * (number_of == 0)
            for word, ranked in (("more", part.over), ("less", part.under))
            if len(ranked)
        ]
        counts.append(f"{some}, {' and '.join(sides) or 'none is shown to differ'}")
    return "; ".join(counts)


def _families(one: Effects) -> list[Effects]:
    """Return the effects of digraphs by order, since triads make tetrads; others in one piece."""
    orders = sorted(set(one.classes["order"]))
    if not (one.rows["convention"] == "induced").all():
        return [one]
    return [one._replace(classes=one.classes[one.classes["order"] == order]) for order in orders]


def _named(ranked: "pd.DataFrame") -> str:
    """Return the first class with its ratio."""
    return f"{ranked.iloc[0]['motif']}, {times(ranked.iloc[0])}"


def findings(found: Sequence[Effects], names: Mapping[str, str]) -> list[Finding]:
    """Return up to three findings: the largest effects, and how many classes do not differ."""
    of_each = [list(_largest(one, _head(one, found, names))) for one in found]
    first = [some.pop(0) for some in of_each if some]
    tested = [one for one in found if one.calibrated][-1:]
    rest = [_rest(one, _head(one, found, names)) for one in tested]
    offered = [*first, *(one for some in of_each for one in some), *rest]
    return [one for one in offered if one.claim and _short(one)][:MOST_FINDINGS]


def _head(one: Effects, found: Sequence[Effects], names: Mapping[str, str]) -> str:
    """Return the file and the null of a finding, if there are several."""
    heads = [names[one.file]] * (len(names) > 1)
    if len({other.null for other in found}) > 1:
        heads.append(f"{'with' if heads else 'With'} {SHORT_NULLS[one.null]}")
    return f"{', '.join(heads)}: " if heads else ""


def _short(finding: Finding) -> bool:
    return len(finding.claim.split()) <= MOST_WORDS


def _largest(one: Effects, head: str) -> Iterator[Finding]:
    """Yield the classes of the largest effects; of digraphs, those of each order."""
    for part in _families(one):
        if not one.calibrated or one.too_few_draws:
            sides = [("furthest outside the null's 95\u00a0%", part.outside)]
        else:
            sides = [("most over-represented", part.over), ("most under-represented", part.under)]
        for word, ranked in sides:
            if len(ranked):
                yield _finding(head, word, ranked.iloc[0], one)


def _finding(head: str, word: str, row: "pd.Series", one: Effects) -> Finding:
    """Return a class with its ratio and the null's range, and the evidence below."""
    shape = arrows(row["motif"])
    named = f"{row['motif']} ({shape})" if shape and ":" not in row["motif"] else row["motif"]
    claim = (
        f"{head}{named} is {word}: {times(row)} as frequent as expected; 95\u00a0% of random "
        f"networks: {null_range(row)}."
    )
    if row["ratio"] == float("inf"):
        claim = f"{head}{named} is {word}: {number(row['count'])} copies, none in any draw."
    what = COUNTED.get(one.null, "copies")
    error = f"±\u00a0{number(100 * row['expected_error'], 2)}\u00a0% from {precision(one.rows)}"
    known = "exact" if one.draws is None else error
    test = f"; z\u00a0=\u00a0{fixed(row['z'], 1, '+')}\u00a0sd" if row["z"] == row["z"] else ""
    test += f", q\u00a0{_q(row['q'])}" if row["q"] == row["q"] else ""
    mean = f"Means of {one.networks} networks: " * (one.networks > 1)
    counts = f"{number(row['count'])} {what}, {number(row['expected'])} expected ({known})"
    return Finding(claim, f"{mean}{counts}{test}.{_reservation(one, row)}")


def _reservation(one: Effects, row: "pd.Series") -> str:
    """Return what the null does not keep: triads of a tetrad, and degrees."""
    if one.null == "layered":
        return " Unequal degrees alone can make this: see what degrees explain."
    tetrad = row["order"] == 3 and (one.rows["convention"] == "induced").all()
    keeps = "The random networks do not keep triads, of which tetrads are made."
    return f" {keeps}" if tetrad else ""


def _q(q: float) -> str:
    shown = p_value(q)
    return shown if shown.startswith("<") else f"=\u00a0{shown}"


def _rest(one: Effects, head: str) -> Finding:
    """Return how many classes are not shown to differ, among those that vary."""
    same = one.classes[(one.classes["differs"] == 0) & ~is_fixed(one.classes)]
    if same.empty or one.too_few_draws:
        return Finding("")
    apart = same.loc[(same["ratio"] - 1).abs().sort_values(ascending=False, kind="stable").index]
    row, fixed_ones = apart.iloc[0], int(is_fixed(one.classes).sum())
    but = f"; the null itself fixes {fixed_ones} more" if fixed_ones else ""
    are = "is" if len(same) == 1 else "are"
    return Finding(
        f"{head}{len(same)} of {len(one.classes)} patterns {are} not shown to differ "
        f"(q\u00a0>\u00a0{LEVEL}){but}.",
        f"Their ratio furthest from 1: {row['motif']}, {times(row)} (95\u00a0% of random networks: "
        f"{null_range(row)}).",
    )


def about(found: Sequence[Effects], wirings: Mapping[str, Wiring], names: Mapping[str, str]) -> str:
    """Return what each file is, how well each null is known, and what q is over."""
    what = "; ".join(f"{names[file]}: {sizes(wiring)}" for file, wiring in wirings.items())
    nulls = {one.null: f"{SHORT_NULLS[one.null]}: {precision(one.rows)}" for one in found}
    return (
        f"{what if len(names) <= _NAMED else f'{len(names)} files'}. Random networks with "
        f"{'; '.join(nulls.values())}. q and the 95\u00a0% are over random networks, not over real "
        "ones: they say nothing about other networks of this kind."
    )


def sizes(wiring: Wiring) -> str:
    """Return networks, nodes and edges: 1 network (n = 1), 188 nodes in 3 layers, 2,007 edges."""
    if isinstance(wiring.graph, LayeredGraph):
        nodes, edges = node_counts(wiring.graph), edge_counts(wiring.graph).sum(1).tolist()
        shape = f"{sum(nodes):,} nodes in layers of {', '.join(map(str, nodes))}"
    else:
        shape = f"{wiring.graph[0].nodes:,} nodes, no layers"
        edges = [len(one.sources) for one in wiring.graph]
    ends = sorted({min(edges), max(edges)})
    span = " to ".join(f"{end:,}" for end in ends)
    networks = f"{counted(len(edges), 'network')} (n\u00a0=\u00a0{len(edges)})"
    return f"{networks}, {shape}, {span} edges"
