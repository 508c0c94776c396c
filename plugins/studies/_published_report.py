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
_NUMBERS = ("mean", "median", "lower", "upper", "q05", "q95")


def sections(runs: Mapping[str, Run]) -> list[Section]:
    """The sections in order."""
    compared = tables.against_published(runs["published"])
    percent = _sparsest(runs["mended"])
    rises = profiles.rises(runs, last=percent)
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


def _sparsest(run: Run) -> int:
    """The last level, up to 93 % pruned, that there is: what the answer is about."""
    percents = tables.with_percent(run.table("levels"))["percent"]
    return int(percents[percents <= 93].max())


def _ran(runs: Mapping[str, Run]) -> str:
    told = [f"`{name}`: {run.table('levels')['network'].nunique()}" for name, run in runs.items()]
    return (
        f"Networks by ensemble: {'; '.join(told)}. All from the same seeds and data: they replicate "
        "the initialisation, not the data."
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
    return [
        Finding(
            f"{row.source}, order {row.order}: the mean cosine similarity of profiles is "
            f"{row.rise:+.3f} from {row.first} to {row.last} % pruned (p = {row.p:.2g}, "
            f"{row.n} networks).",
            f"Permutation of levels within networks; smallest p to be had {row.attainable:.2g}.",
        )
        for row in rises[rises["source"].isin(["published", "mended"])].itertuples()
    ]


def _represented(found: pd.DataFrame, percent: int) -> list[Finding]:
    findings = []
    for null, support, beyond in (
        ("layered", "all", "layer densities"),
        ("degree", "all", "degrees"),
    ):
        part = found[(found["null"] == null) & (found["support"] == support)]
        if part.empty:
            continue
        clear = part[part["q"] < 0.05]
        over, under = (
            ", ".join(f"{row.motif} ({row.z:+.1f})" for row in clear[sign].itertuples()) or "none"
            for sign in (clear["z"] > 0, clear["z"] < 0)
        )
        findings.append(
            Finding(
                f"Beyond what {beyond} explain, at {percent} % pruned by magnitude: "
                f"over-represented {over}; under-represented {under}.",
                f"Mean z under the null `{null}`, q < 0.05 over {len(part)} classes, all nodes.",
            )
        )
    return findings


def _chains(chains: pd.DataFrame, effects: pd.DataFrame, percent: int) -> list[Finding]:
    told = [
        f"{row.motif} on {row.support} nodes {row.z:+.1f} ({row.low:+.1f} to {row.high:+.1f})"
        for row in chains[chains["base_layer"] == -1].itertuples()
    ]
    changed = effects[
        (effects["quirk"] == next(iter(quirks.COUNTED))) & (effects["motif"] == "chain2")
    ]
    detail = "; ".join(
        f"{row.percent} %: {row.with_quirk:+.1f} as pairs, {row.mended:+.1f} as chains"
        for row in changed.itertuples()
    )
    return [
        Finding(
            f"Chains counted as chains, exact, at {percent} % pruned: {'; '.join(told)}.",
            f"The same published masks and null, z of chain2: {detail}." if detail else "",
        )
    ]


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
    table = Table(
        "zscores",
        "Every published z-score by level, and ours counted in the same way.",
        compared,
        _columns(compared, ("motif", "verdict")),
        sortable=True,
    )
    return Section("published", "Beside the published z-scores", parts=[figure, table])


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
    parts = [
        figure,
        Table("losses_by_level", "Losses by level.", table, _columns(table, ("source", "split"))),
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
    parts = [
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
    parts = [
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
