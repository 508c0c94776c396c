"""The report of the study `brains`: the answer, places among networks, how these are matched."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from harness.report import (
    Column,
    Figure,
    Finding,
    Opening,
    RunTables,
    Section,
    Table,
    charts,
    checklist,
)
from harness.report.constant_predictor import SHARE

from . import _brains_graphs as graphs
from . import _brains_tables as tables

_PLACE = [Column(key, key.replace("_", " "), "text") for key in ("brain", "ensemble", "null")]
_CLASS = [Column("motif", "class", "text"), Column("base_layer", "from layer", "text")]


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: the primary outcome, three findings, brains among networks."""
    floor, ensembles = tables.floors(runs), tables.layered_ensembles(runs)
    bodies = tables.bodies(runs)
    places = tables.positions(bodies, ensembles, floor)
    worm = tables.positions(tables.worm(runs), tables.recurrent_ensemble(runs), floor)
    first = [_layered(places), _control(places), _worm(worm)]
    return Opening(
        question,
        _primary(places).claim,
        [Finding(one.claim) for one in first],
        _figure(bodies, ensembles, "brains_among_networks"),
        _about(ensembles),
        "harness study brains",
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the answer, with what it does not show, and the tables behind it."""
    floor, ensembles = tables.floors(runs), tables.layered_ensembles(runs)
    places = tables.positions(tables.bodies(runs), ensembles, floor)
    recurrent = tables.recurrent_ensemble(runs)
    worm = tables.positions(tables.worm(runs), recurrent, floor)
    findings = [
        _primary(places),
        _layered(places),
        _control(places),
        _matched(places, tables.matching(ensembles)),
        _worm(worm),
        _LIMITS,
    ]
    lead = [
        f"{_about(ensembles)} Quantities are log2(count / expected) of a class, by the layer where "
        "its copies begin. A brain is one: what is given is its place among networks, without p. "
        "Outside: beyond all networks by more than 0.1. Hypothesis, margin and rule were committed "
        "before the run: reports/brains/DESIGN.md."
    ]
    counted = pd.concat([tables.counted(places), tables.counted(worm)], ignore_index=True)
    return [
        Section("answer", "The answer", lead, findings),
        Section("counts", "Verdicts counted", parts=[_counts(counted)]),
        Section("mushroom", "The mushroom body, quantity by quantity", parts=[
            _places("places", places)]),
        Section("worm", "C. elegans, triad by triad", parts=[_places("triads", worm)]),
        Section("matching", "How alike the networks are in size, degrees and loss", parts=[
            _matching(tables.matching(ensembles)), _floors(floor)]),
        checklist(_RULES),
    ]  # fmt: skip


def _about(ensembles: pd.DataFrame) -> str:
    n = ensembles.loc[ensembles["ensemble"].isin(tables.PRIMARY), "replicate"].nunique()
    return (
        f"Mushroom body of one larva, left (58-101-29 neurons, 437 and 1,570 connections) and "
        f"right, among networks pruned to the left side's sizes, {n} of each start; unit: a "
        "network with its own initial weights and data."
    )


def _primary(places: pd.DataFrame) -> Finding:
    rows = places[(places["null"] == "degree") & places["ensemble"].isin(tables.PRIMARY)]
    if rows.empty:
        return Finding("Not shown: no ensemble of pruned networks is off the floor.")
    parts, answers = [], set()
    for ensemble in rows["ensemble"].unique():
        of = rows[rows["ensemble"] == ensemble]
        found = tables.unlike(places, ensemble)
        close = of["verdict"].isin([tables.WITHIN, tables.JUST]).all()
        answer = "unlike" if found else "like" if close else "open"
        answers.add(answer)
        named = "".join(f", {name} {verdict}" for name, verdict in found)
        quantities = of.groupby("brain").size().max()
        parts.append(
            f"{answer} for the {ensemble.partition(',')[0]} start ({len(found)} of {quantities} "
            f"quantities outside by more than 7 % on both sides{named})"
        )
    heads = {
        "unlike": "Beyond their degrees, both sides of the larval mushroom body are unlike pruned "
        "networks of their size",
        "like": "Beyond degrees, the larval mushroom body lies in the range of pruned networks of "
        "its size, or less than 0.1 outside",
        "open": "Whether the larval mushroom body is like pruned networks beyond degrees is open",
    }
    head = "Beyond degrees, whether the larval mushroom body is like pruned networks depends on "
    head = heads[answers.pop()] if len(answers) == 1 else f"{head}their start"
    n = int(rows["n"].min())
    return Finding(
        f"{head}: {'; '.join(parts)}; n = {n} networks each, one brain.",
        "log2(count / expected) under `degree`, which keeps every node's connections to each "
        "neighbouring layer; margin: 0.1 beyond all networks.",
    )


def _layered(places: pd.DataFrame) -> Finding:
    rows = places[(places["null"] == "layered") & (places["brain"] == "left")]
    parts, details = [], []
    for ensemble in tables.PRIMARY:
        of = rows[rows["ensemble"] == ensemble]
        outside = of["verdict"].isin([tables.ABOVE, tables.BELOW])
        parts.append(f"{int(outside.sum())} of {len(of)}")
        details.append(f"{ensemble.partition(',')[0]}: {_listed(of[outside])}")
    return Finding(
        f"Degrees included (null `layered`), the left side is outside all pruned networks in "
        f"{' and '.join(parts)} quantities (published-like, Glorot).",
        "; ".join(details) + ".",
    )


def _control(places: pd.DataFrame) -> Finding:
    rows = places[(places["ensemble"] == tables.CONTROL) & (places["brain"] == "left")]
    counts = [
        f"{int(of['verdict'].isin([tables.ABOVE, tables.BELOW]).sum())} of {len(of)} under `{null}`"
        for null, of in rows.groupby("null")
    ]
    return Finding(
        "Graphs whose nodes only have unequal degrees leave the left side outside in "
        f"{' and '.join(counts)}.",
        f"12 untrained graphs with degrees that vary as the left side's; "
        f"{_listed(rows[rows['verdict'].isin([tables.ABOVE, tables.BELOW])])}.",
    )


def _matched(places: pd.DataFrame, matching: pd.DataFrame) -> Finding:
    means = matching.set_index("ensemble")["mean"]
    parts = []
    for name in means.index[means.index.str.endswith("matched")]:
        found = tables.unlike(places, name)
        named = ", ".join(f"{one} {verdict}" for one, verdict in found) or "none"
        parts.append(f"{name.partition(',')[0]}: {named}")
    return Finding(
        f"With degrees matched, outside on both sides are: {'; '.join(parts)}.",
        "Dropping connections leaves a mark of its own, which random masks show. Share of edge "
        "ends at other degrees than the brain's: "
        + ", ".join(f"{name} {value:.2g}" for name, value in means.items())
        + ".",
    )


def _worm(places: pd.DataFrame) -> Finding:
    if places.empty:
        return Finding("C. elegans is not compared: the recurrent networks are at the floor.")
    parts, details = [], []
    for null, of in places.groupby("null", sort=False):
        outside = of[of["verdict"].isin([tables.ABOVE, tables.BELOW])]
        parts.append(f"{len(outside)} of {len(of)} triads under `{null}`")
        details.append(f"`{null}`: {_listed(outside)}")
    return Finding(
        f"C. elegans is outside all recurrent networks of its size in {' and '.join(parts)}.",
        f"n = {int(places['n'].min())} networks of 302 nodes and 2,266 weights, trained on digits. "
        f"{'; '.join(details)}. `types` keeps connections between types of nodes: of cells, or "
        "inputs, units and outputs.",
    )


_LIMITS = Finding(
    "It does not show why a brain is wired as it is, or anything about other animals.",
    "One larva, one worm. Of the mushroom body only connections from projection neurons to Kenyon "
    "cells and from these to output neurons count, not those among Kenyon cells or of input "
    "neurons. A connection counts from one synapse on. Networks learn flights and digits, not "
    "smells, and are matched to the left side. Recurrent networks cannot have connections into "
    "inputs or out of outputs.",
)

_RULES = {
    "replication": "n counts networks, each with its own data; a brain is n = 1 and has no p; left "
    "and right are one animal.",
    "similarity": "No similarity of profiles is claimed; classes are compared one by one.",
    "degrees": "Primary under `degree`; untrained graphs with unequal degrees stand beside.",
    "floors": "An ensemble at the floor would not be compared; losses are in the last section.",
    "equivalence": "Margin: 0.1 of log2(count / expected); 12 networks; every quantity is listed.",
    "one procedure": "Verdicts come from the ranges shown; there is no test.",
    "coverage": "No intervals: ranges of all networks.",
    "calibration": "Lists of nodes are fixed: nodes without a connection count.",
    "mixing": "`degree` and `degree-mutual` choose their lengths by a check.",
    "faithfulness": "Networks of a brain's size, short training: nothing about the published one.",
}
"""How the page keeps each rule."""


def _listed(rows: pd.DataFrame) -> str:
    shown = rows[["brain", "motif", "base_layer", "verdict"]].to_numpy().tolist()
    names = [
        f"{motif if brain == 'C. elegans' else tables.quantity(motif, layer)} {verdict}"
        for brain, motif, layer, verdict in shown
    ]
    return ", ".join(names) or "none"


def _places(name: str, places: pd.DataFrame) -> Table:
    caption = (
        "log2(count / expected) of the brain, the range of the networks, and its position: the "
        f"share of networks below it. Left out: expected counts below {tables.SEEN:g}, and classes "
        "that the null fixes."
    )
    numbers = [Column("n", "n"), Column("value", "brain"), Column("low", "lowest"),
               Column("median", "median"), Column("high", "highest"),
               Column("position", "position")]  # fmt: skip
    columns = [*_PLACE, *_CLASS, *numbers, Column("verdict", "verdict", "text")]
    return Table(name, caption, places, columns, sortable=True)


def _counts(counted: pd.DataFrame) -> Table:
    verdicts = (tables.WITHIN, tables.JUST, tables.ABOVE, tables.BELOW, "quantities")
    columns = [*_PLACE, *(Column(name, name) for name in verdicts)]
    caption = f"Quantities by verdict; just outside: by up to {tables.MARGIN:g}."
    return Table("counts", caption, counted, columns)


def _matching(matching: pd.DataFrame) -> Table:
    caption = (
        "Share of edge ends that lie at other degrees than those of the left mushroom body, by "
        "rank. own: pruned to its number of connections; matched: pruned less far, and connections "
        "dropped towards its degrees."
    )
    numbers = [Column("n", "n"), Column("mean", "mean"), Column("low", "lowest"),
               Column("high", "highest")]  # fmt: skip
    return Table("matching", caption, matching, [Column("ensemble", "ensemble", "text"), *numbers])


def _floors(floor: pd.DataFrame) -> Table:
    caption = f"Validation loss over the best constant's; at the floor: {SHARE} or more."
    columns = [Column("ensemble", "ensemble", "text"), Column("n", "n"), Column("share", "loss"),
               Column("marked", "at the floor"), Column("judged", "compared", "text")]  # fmt: skip
    return Table("losses", caption, floor, columns)


def _figure(bodies: pd.DataFrame, ensembles: pd.DataFrame, name: str) -> Figure:
    shown = pd.concat(
        [
            ensembles[ensembles["ensemble"].isin([*tables.PRIMARY, tables.CONTROL])],
            bodies.assign(ensemble="brain, " + bodies["brain"]),
        ],
        ignore_index=True,
    )
    shown = shown[shown["null"] == "degree"]
    varying = shown.groupby(["motif", "base_layer"])["log2_ratio"].transform("std") > 0
    shown = shown[varying].assign(
        quantity=[
            tables.quantity(motif, layer)
            for motif, layer in shown.loc[varying, ["motif", "base_layer"]].itertuples(index=False)
        ]
    )
    shown = shown[["ensemble", "replicate", "quantity", "count", "expected", "log2_ratio"]]
    kinds = [*(f"brain, {side}" for side in graphs.SIDES), *tables.PRIMARY, tables.CONTROL]
    x = alt.X("log2_ratio:Q", title="log2(count / expected)", scale=alt.Scale(zero=False))
    base = alt.Chart().encode(
        y=alt.Y("ensemble:N", sort=kinds, title=None, axis=alt.Axis(labels=False, ticks=False)),
        x=x,
        color=charts.colour(kinds, "ensemble"),
        shape=charts.shape(kinds, "ensemble"),
        tooltip=["ensemble:N", "quantity:N", alt.Tooltip("log2_ratio:Q", format=".3~g")],
    )
    points = base.mark_point(filled=True, size=45, opacity=0.75)
    zero = alt.Chart().mark_rule(color=charts.RULE).encode(x=alt.datum(0))
    layers = alt.LayerChart(data=shown, layer=[zero, points])
    chart = charts.panels_of(layers, list(dict.fromkeys(shown["quantity"])), "quantity")
    return Figure(
        name,
        "Where the mushroom body stands among networks, beyond degrees",
        "Null `degree`: every node keeps its connections to each neighbouring layer. P: projection "
        "neurons, K: Kenyon cells, the layers where copies begin. A point is a network or a side "
        "of the brain. Axes differ between panels.",
        "log2(count / expected) of each class for the brain, pruned networks and the control.",
        chart.resolve_scale(x="independent"),
        shown,
        panel=200,
    )
