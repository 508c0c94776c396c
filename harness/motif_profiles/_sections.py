"""The sections of a page of profiles: all classes, what degrees explain, drawings, meanings."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness import motifs
from harness.motif_profiles._effects import Effects, effects, is_fixed
from harness.motif_profiles._files import OF_WEIGHTS, Profiles
from harness.motif_profiles._hero import table_of
from harness.motif_profiles._show import described, explained
from harness.motif_profiles._similarity import HEADS, MEANING, similarity_tables
from harness.motif_profiles._words import NULLS, arrows, precision
from harness.report import Column, Facts, Section, Table
from harness.tables.parts import Drawings, counted

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    Column("motif", "pattern", "text"),
    Column("shape", "edges", "text"),
    Column("verdict", "verdict", "text", "From q, at 0.05"),
    Column("count", "copies"),
    Column("expected", "expected", note="Mean number of copies in random networks"),
    Column("expected_error", "known to ±", "share", "95 % interval of expected, from draws"),
    Column("ratio", "ratio", note="Copies over expected copies"),
    Column("null_low", "95 % from", note="Random networks: the lower end of the central 95 %"),
    Column("null_high", "to", note="Random networks: the upper end of the central 95 %"),
    Column("z", "z", note="Copies less expected, in standard deviations of random networks"),
    Column("q", "q", "p", "p over random networks, adjusted for the number of classes"),
)
_OF_SEVERAL = (
    Column("least", "least ratio", note="Of single networks"),
    Column("most", "largest ratio", note="Of single networks"),
)
_LONGEST_NAME = 30
"""Longer words before a colon are a sentence, not the name of what follows."""
_MFINDER = Column("mfinder", "mfinder id", note="The number that the program mfinder gives it")


def classes(found: Sequence[Effects], names: Mapping[str, str], *, of: str = "") -> list[Table]:
    """Return a table for each null, its largest ratios first."""
    tables = []
    for null in dict.fromkeys(one.null for one in found):
        own = [one for one in found if one.null == null]
        frame = table_of(own, names).sort_values("ratio", ascending=False, kind="stable")
        frame = frame.assign(shape=[arrows(name) for name in frame["motif"]])
        columns = [one for one in _COLUMNS if own[0].draws or one.key != "expected_error"]
        if any(one.networks > 1 for one in own):
            columns += _OF_SEVERAL
        if (own[0].rows["convention"] == "induced").all():
            frame["mfinder"] = frame["motif"].map(motifs.mfinder_id)
            columns.append(_MFINDER)
        if len(own) > 1:
            columns.insert(0, Column("file", "file", "text"))
        caption = f"Beside {NULLS[null]} (null `{null}`, {precision(own[0].rows)}){of}"
        kept = frame[[column.key for column in columns]].reset_index(drop=True)
        name = f"{'live_' if of else ''}{null.replace('-', '_')}"
        tables.append(Table(name, caption, kept, columns, sortable=True))
    return tables


def by_layer(profiles: Profiles) -> list[Table]:
    """Return the table of base layers, if they were asked for."""
    rows = profiles.table[profiles.table["base_layer"] != motifs.TOTAL]
    if rows.empty:
        return []
    keys = ["file", "null", "support", "motif", "base_layer"]
    means = rows.astype({"count": float, "expected": float, "z": float})
    means = means.groupby(keys, sort=False)[["count", "expected", "z"]].mean().reset_index()
    means = means.assign(ratio=(means["count"] / means["expected"]).where(means["expected"] > 0))
    heads = ("file", "null", "nodes", "pattern", "base layer")
    columns = [
        *(Column(key, head, "text") for key, head in zip(keys, heads, strict=True)),
        *(Column(name, name) for name in ("count", "expected", "ratio", "z")),
    ]
    caption = "By base layer: the layer of a pattern's first nodes"
    return [Table("by_layer", caption, means, columns, sortable=True)]


def degrees(found: Sequence[Effects], names: Mapping[str, str], command: str) -> Section:
    """Return what is left once every node keeps its inputs and outputs."""
    pairs = {(one.file, one.null): one for one in found}
    lead, parts = [], list[Table]()
    both = [file for file in names if {(file, "layered"), (file, "degree")} <= set(pairs)]
    for file in both:
        lead.append(f"{names[file]}: {_explained(pairs[file, 'layered'], pairs[file, 'degree'])}")
    if both:
        parts = [_side_by_side([(names[f], pairs[f, "layered"], pairs[f, "degree"]) for f in both])]
    elif all(one.null == "layered" for one in found):
        lead = [
            "A few nodes with many edges make most patterns frequent by themselves, and random "
            "networks with as many edges between layers do not have such nodes. Random networks in "
            "which every node keeps its number of inputs and of outputs do. Compare with both:",
            f"`{command or 'harness motifs FILE'} --null layered --null degree`",
        ]
    elif any(one.null.startswith("degree") for one in found):
        lead = [
            "In all these random networks every node keeps its number of inputs and of outputs: "
            "what differs from them is not explained by some nodes having more edges than others. "
            "Other reasons, such as distance or cell types, are not kept."
        ]
    elif {one.null for one in found} <= set(OF_WEIGHTS):
        lead = [
            "All edges stay, and with them all degrees: what differs lies in signs or weights, and "
            "degrees do not explain it."
        ]
    else:
        lead = [
            "No comparison on this page keeps every node's number of inputs and of outputs. Add "
            "`--null degree` to see what degrees explain."
        ]
    return Section("degrees", "What degrees explain", lead, parts=parts)


def _explained(layered: Effects, degree: Effects) -> str:
    """Return how many of the classes that differ still do once degrees are kept."""
    before = layered.classes[layered.classes["differs"] != 0]["motif"]
    after = degree.classes.set_index("motif").reindex(before)
    set_by = int(is_fixed(after).sum())
    still = int((after["differs"] != 0).sum())
    rest = len(before) - set_by - still
    return (
        f"of {counted(len(before), 'pattern')} that differ from random edges, {set_by} have a "
        f"number of copies that degrees fix, {rest} are not shown to differ once degrees are kept, "
        f"and {still} still differ."
    )


def _side_by_side(some: Sequence[tuple[str, Effects, Effects]]) -> Table:
    import pandas as pd

    keep = ["motif", "ratio", "verdict"]
    frames = []
    for name, layered, degree in some:
        sides = [table_of([one], {one.file: name})[keep] for one in (layered, degree)]
        both = sides[0].merge(sides[1], on="motif", suffixes=("", "_degree"))
        frames.append(both.assign(file=name))
    columns = [
        *[Column("file", "file", "text")] * (len(some) > 1),
        Column("motif", "pattern", "text"),
        Column("ratio", "ratio, edges per layer kept"),
        Column("verdict", "verdict", "text"),
        Column("ratio_degree", "ratio, degrees kept"),
        Column("verdict_degree", "verdict", "text"),
    ]
    frame = pd.concat(frames, ignore_index=True)
    caption = "The same count beside two kinds of random networks"
    kept = frame[[column.key for column in columns]]
    return Table("two_nulls", caption, kept, columns, sortable=True)


def drawings(found: Sequence[Effects]) -> Section:
    """Return the drawings of all classes that a network has or is expected to have."""
    layered = {one.name: one for order in (2, 3, 4) for one in motifs.classes(order)}
    names = dict.fromkeys(name for one in found for name in one.classes["motif"])
    items = []
    for name in names:
        pattern = motifs.named(name)
        if name in layered:
            items.append((name, Markup(motifs.drawing(layered[name]))))
        elif pattern is not None:
            items.append((name, Markup(motifs.digraph_drawing(name))))
    lead = [
        "Arrows are edges. In layered networks they run from each layer to the next, left to "
        "right. Names such as 030T are those of the census of three nodes (Holland and Leinhardt): "
        "numbers of mutual, single and absent pairs, and a letter. Names with a colon list the "
        "edges."
    ]
    parts = [Drawings(counted(len(items), "pattern"), items)]
    return Section("patterns", "What the patterns look like", lead, parts=parts, folded=True)


def others(profiles: Profiles, names: Mapping[str, str]) -> list[Section]:
    """Return the section of live nodes, if they were counted apart."""
    live = effects(profiles, others=True)
    if not live:
        return []
    lead = [
        "The same, counting only nodes on a path from an input to an output. Nodes were chosen "
        "after looking at the network, so beside exact nulls this is descriptive, without q."
    ]
    parts = classes(live, names, of=", live nodes")
    return [Section("live", "Live nodes only", lead, parts=parts, folded=True)]


def alike_sections(alike: "pd.DataFrame | None") -> list[Section]:
    """Return the section on how alike the files are, if that was computed."""
    import pandas as pd

    if alike is None:
        return []
    parts = []
    for place, (caption, rows) in enumerate(similarity_tables(alike)):
        frame = pd.DataFrame(rows, columns=list(HEADS))
        columns = [Column(head, head, "text") for head in HEADS]
        parts.append(Table(f"similarity_{place}", caption, frame, columns))
    return [Section("similarity", "How alike the profiles are", [MEANING], parts=parts)]


def meanings(profiles: Profiles) -> Section:
    """Return what the numbers mean, and how the files were read."""
    lines = {
        "Nulls and numbers": explained(profiles),
        "Files": [line.strip() for line in described(profiles.wirings, profiles.notes)],
    }
    facts = [Facts(head, [_named(line) for line in some]) for head, some in lines.items()]
    return Section("meaning", "What the numbers mean", parts=facts)


def _named(line: str) -> tuple[str, str]:
    """Return the words before the first colon, if they are few, and the rest."""
    name, _, text = line.partition(": ")
    return (name, text) if text and len(name) <= _LONGEST_NAME else ("Note", line)
