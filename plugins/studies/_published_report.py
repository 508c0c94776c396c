"""The report of the study `published`: the answer in words, then each analysis."""

from collections.abc import Mapping, Sequence

import pandas as pd

from harness import Run
from harness.report import Column, Figure, Finding, Section, Table

from . import _published_charts as charts
from . import _published_profiles as profiles
from . import _published_quirks as quirks
from . import _published_tables as tables

LEVELS = (85, 90, 93)
CLASSES = ("diverge2", "converge2", "chain2_pairs", "diverge3", "bifan", "biparallel")


def sections(runs: Mapping[str, Run]) -> list[Section]:
    """The sections in order."""
    compared = tables.against_published(runs["published"])
    first, percent = _range(runs["mended"])
    rises = profiles.rises(runs, first, percent)
    found = profiles.representation(runs["mended"], percent)
    chains = profiles.chains(runs["mended"], percent)
    effects = quirks.effects(runs)
    return [
        Section(
            "answer",
            "What came out",
            [_ran(runs)],
            [
                *_reproduced(compared),
                *_converged(rises),
                *_represented(found, percent),
                *_chains(chains, effects, percent),
            ],
        ),
        _zscores(compared),
        _losses(runs),
        _quirks(effects),
        _representation(found, chains, percent),
        _convergence(runs, rises),
        _structure(runs),
    ]


def _range(run: Run) -> tuple[int, int]:
    """The first pruned level and the last up to 93 % pruned: what the answer is about."""
    percents = tables.with_percent(run.table("levels"))["percent"]
    return int(percents[percents > 0].min()), int(percents[percents <= 93].max())


def _ran(runs: Mapping[str, Run]) -> str:
    told = [f"`{name}`: {run.table('levels')['network'].nunique()}" for name, run in runs.items()]
    return (
        f"Networks by ensemble: {'; '.join(told)}. All from the same seeds and data: they "
        "replicate the initialisation, not the data."
    )


def _reproduced(compared: pd.DataFrame) -> list[Finding]:
    main = compared[compared["percent"].isin(LEVELS) & compared["motif"].isin(CLASSES)]
    inside = int((main["verdict"] == "equivalent").sum())
    missed = main[main["verdict"] != "equivalent"]
    names = ", ".join(
        f"{row.motif} at {row.percent} % ({row.difference:+.2f} sd, {row.low:+.2f} to "
        f"{row.high:+.2f})"
        for row in missed.itertuples()
    )
    return [
        Finding(
            f"Counted as published, {inside} of {len(main)} mean z-scores at 85, 90 and 93 % are "
            "equivalent to the published: the 90 % interval of the difference lies within one "
            "published standard deviation.",
            f"Not so: {names}." if names else "",
        )
    ]


def _converged(rises: pd.DataFrame) -> list[Finding]:
    """Does enforced sparsity make differently initialised networks alike?"""
    main = rises[rises["source"].isin(["published", "mended"])]
    if main.empty:
        return []
    rose = (main["p"] < 0.05) & (main["similarity_last"] > main["similarity_first"])
    first, last = main.iloc[0][["first", "last"]]
    head = "become more alike" if rose.all() else "do not become clearly more alike"
    if rose.any() and not rose.all():
        head = "become more alike in part"
    told = [
        f"{row.source}, order {row.order}: {row.similarity_first:.2f} to {row.similarity_last:.2f} "
        f"(p = {row.p:.2g}, {row.n} networks, spread {row.spread_first:.1f} to "
        f"{row.spread_last:.1f})"
        for row in main.itertuples()
    ]
    return [
        Finding(
            f"Motif profiles of differently initialised networks {head} from {first} to {last} % "
            f"pruned. Mean cosine similarity, {'; '.join(told)}.",
            "Exact z under `layered`, all nodes; levels permuted within networks; the smallest p "
            f"to be had is {main['attainable'].max():.2g}. The spread is that of z over networks "
            "in units of the null's own noise: where it grows, profiles point the same way "
            "without becoming equal, and part of the rise is that z outgrows that noise.",
        )
    ]


def _represented(found: pd.DataFrame, percent: int) -> list[Finding]:
    """What is over- and under-represented beyond layer densities, and beyond degrees?"""
    findings = []
    for null, beyond in (("layered", "layer densities"), ("degree", "degrees")):
        part = found[(found["null"] == null) & (found["support"] == "all")]
        if part.empty:
            continue
        clear = part[part["q"] < 0.05]
        over, under = (
            ", ".join(f"{row.motif} ({row.z:+.1f})" for row in clear[sign].itertuples()) or "none"
            for sign in (clear["z"] > 0, clear["z"] < 0)
        )
        findings.append(
            Finding(
                f"Beyond what {beyond} explain, {percent} % pruned with the quirks mended: "
                f"over-represented {over}; under-represented {under}.",
                f"Mean z under `{null}`, exact counts without bias units, all nodes; q < 0.05 over "
                f"{part['p'].notna().sum()} classes and {part['n'].max()} networks.",
            )
        )
    return findings


def _chains(chains: pd.DataFrame, effects: pd.DataFrame, percent: int) -> list[Finding]:
    """What remains of the under-representation of chains when chains are counted?"""
    findings = []
    for motif, part in chains.groupby("motif"):
        told = []
        for support, by_layer in part.groupby("support"):
            sums = by_layer[by_layer["base_layer"] == -1].iloc[0]
            layers = ", ".join(f"{z:+.1f}" for z in by_layer.loc[by_layer["base_layer"] >= 0, "z"])
            told.append(
                f"on {support} nodes {sums.z:+.1f} ({sums.low:+.1f} to {sums.high:+.1f}; by first "
                f"layer {layers}; count/expected {2**sums.log2_ratio:.2f})"
            )
        findings.append(
            Finding(
                f"Counted as chains, mended, {percent} % pruned: mean z of {motif} is "
                f"{' and '.join(told)}.",
                "Exact under `layered`, without bias units; 95 % intervals over networks.",
            )
        )
    return [*findings, *_pairs(effects)]


def _pairs(effects: pd.DataFrame) -> list[Finding]:
    """The published masks and null, chains counted as pairs and as chains."""
    counted = effects[effects["quirk"] == next(iter(quirks.COUNTED))]
    told = [
        f"{row.motif} at {row.percent} %: {row.with_quirk:+.1f} as pairs, {row.mended:+.1f} as "
        "chains"
        for row in counted[counted["motif"].isin(["chain2", "chain3"])].itertuples()
    ]
    if not told:
        return []
    claim = "The published masks under the published null, mean z: " + "; ".join(told) + "."
    return [Finding(claim, "Published are connected pairs of nodes, however many chains do so.")]


def _columns(table: pd.DataFrame, texts: Sequence[str]) -> list[Column]:
    return [
        Column(name, name.replace("_", " "), "text" if name in texts else "number")
        for name in table.columns
    ]


def _zscores(compared: pd.DataFrame) -> Section:
    shown = compared[compared["percent"].isin(LEVELS)]
    shown = shown.assign(panel=shown["percent"].astype(str) + " % pruned")
    figure = Figure(
        "against_published",
        "Ours less the published, at the three levels compared",
        "Difference of mean z in published standard deviations; bars are 90 % intervals (Welch). "
        "Filled: within one published standard deviation. Our networks are selected as the "
        "published are: training loss up to 1e-3.",
        "Difference of our mean z from the published, by class and level.",
        charts.against_published(shown, list(shown["motif"].unique())),
        shown,
        panel=290,
        axis=140,
    )
    levels = tables.by_level(compared)
    lines = Figure(
        "by_level",
        "Every published quantity by level",
        "Mean z over networks and one standard deviation to either side, both counted as "
        "published, under the published null, with bias units.",
        "Mean z against density by class, published and ours.",
        charts.by_density(levels, "mean", "z", "motif"),
        levels,
        panel=200,
        longest=24,
    )
    table = Table(
        "zscores",
        "Every published z-score by level, and ours counted in the same way.",
        compared,
        _columns(compared, ("motif", "verdict")),
        sortable=True,
    )
    return Section("published", "Beside the published z-scores", parts=[figure, lines, table])


def _losses(runs: Mapping[str, Run]) -> Section:
    table, passing = tables.losses(runs), tables.passing(runs)
    bands = table.rename(columns={"q05": "lower", "q95": "upper"})
    figure = Figure(
        "losses",
        "Losses against density",
        "Median over networks; bands from the 5 to the 95 % quantile. Published: each level on one "
        "batch of 1024; ours: 4096 rows.",
        "Loss against density by split, published and ours.",
        charts.by_density(bands, "median", "loss", "split", log=True),
        bands,
        panel=200,
        longest=12,
    )
    shares = Figure(
        "sparse_level",
        "The last level that networks pass",
        "Share of networks by the last level with a training loss up to 1e-3 (−1: none).",
        "Share of networks by sparse level, published and ours.",
        charts.shares(passing),
        passing,
        panel=290,
        axis=60,
    )
    parts: list[Figure | Table] = [
        figure,
        Table("losses_by_level", "Losses by level.", table, _columns(table, ("source", "split"))),
        shares,
        Table(
            "sparse_levels",
            "The last level that a network passes with a training loss up to 1e-3, as shares of "
            "all networks (−1: none).",
            passing,
            _columns(passing, ("source",)),
        ),
    ]
    return Section("losses", "Losses and sparse levels", parts=parts)


def _quirks(effects: pd.DataFrame) -> Section:
    if effects.empty:
        return Section("quirks", "What changes what", ["Nothing has been measured for this yet."])
    figure = Figure(
        "effects",
        "Change of z when one quirk is mended",
        "Mean paired difference over networks with its 95 % interval: quirks of counting on the "
        "same masks, quirks of pruning on networks of the same seeds. Axes differ between panels.",
        "Change of z by quirk, class and level.",
        charts.effects(effects, quirks.MOTIFS),
        effects,
        panel=290,
        axis=90,
    )
    table = Table(
        "quirks", "z with the quirk and mended.", effects, _columns(effects, ("quirk", "motif")),
        sortable=True,
    )  # fmt: skip
    return Section("quirks", "What changes what", parts=[figure, table])


def _representation(found: pd.DataFrame, chains: pd.DataFrame, percent: int) -> Section:
    figure = Figure(
        "representation",
        f"Mean z at {percent} % pruned by magnitude",
        "Counted as what they are, without bias units; 95 % intervals over networks. All nodes: "
        "calibrated; live nodes: descriptive. Classes around one node are constant under `degree`.",
        "Mean z by class under three ways of comparing.",
        charts.representation(found, list(found["motif"].unique())),
        found,
        panel=290,
        axis=110,
    )
    texts = ("null", "support", "motif")
    parts: list[Figure | Table] = [
        figure,
        Table("motifs_by_null", "The same with effect sizes.", found, _columns(found, texts),
              sortable=True),
        Table(
            "chains",
            "Chains counted as chains, by the layer of their first node (−1: the sum).",
            chains,
            _columns(chains, texts),
            sortable=True,
        ),
    ]  # fmt: skip
    return Section("motifs", "What is over- and under-represented", parts=parts)


def _convergence(runs: Mapping[str, Run], rises: pd.DataFrame) -> Section:
    table = profiles.similarity(runs)
    table = table.assign(panel="order " + table["order"].astype(str))
    figure = Figure(
        "similarity",
        "How alike the profiles of differently initialised networks are",
        "Mean cosine similarity over pairs of networks, with 95 % BCa intervals over networks; "
        "exact z under `layered`, all nodes. Null draws: one uniformly random graph beside each "
        "network, with its layer densities.",
        "Similarity of profiles against density, networks and null draws.",
        charts.by_density(table, "mean", "mean cosine similarity", "panel"),
        table,
        panel=200,
        longest=30,
    )
    parts: list[Figure | Table] = [
        figure,
        Table("rises", "Whether profiles become more alike, by permutation.", rises,
              _columns(rises, ("source",))),
    ]  # fmt: skip
    return Section("alike", "Convergence", parts=parts)


def _structure(runs: Mapping[str, Run]) -> Section:
    table = tables.structure(runs)
    parts = []
    for measure, title in (("edges", "Edges"), ("live_nodes", "Live nodes")):
        part = table[table["measure"] == measure]
        part = part.assign(panel="layer " + part["layer"].astype(int).astype(str))
        parts.append(
            Figure(
                measure,
                f"{title} by layer",
                f"{title}: median over networks and quartiles, against the density asked for.",
                f"{title} by layer against density.",
                charts.by_density(part, "median", title.lower(), "panel", log=True),
                part,
                panel=200,
                longest=12,
            )
        )
    return Section("layers", "Layers", parts=parts)
