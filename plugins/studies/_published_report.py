"""The report of the study `published`: the answer, then each analysis with its figure and table."""

from collections.abc import Mapping, Sequence

import pandas as pd

from harness.report import Column, Figure, Opening, RunTables, Section, Table, checklist

from . import _published_answer as answer
from . import _published_charts as charts
from . import _published_data_sets_report as data_sets
from . import _published_profiles as profiles
from . import _published_quirks as quirks
from . import _published_tables as tables

_MAIN = ("published", "mended")
"""The ensembles that the answer is about: all quirks of pruning, and none."""

_RULES = {
    "replication": "n = networks, 30 and 8 of one data set, then of three others, named in each "
    "sentence: statements are given these data sets.",
    "similarity": "Corrected for noise, with an interval; rises are differences of it.",
    "degrees": "The null `degree` of each network stands beside `layered`; graphs with unequal "
    "degrees alone were not drawn here.",
    "floors": "No network has 0.9 of the best constant's loss, at any level.",
    "equivalence": "Margin: one standard deviation of the published networks, in the sentence; all "
    "24 quantities are in the table.",
    "one procedure": "Over- and under-represented follow from the interval and its own p.",
    "coverage": "Intervals are those of `harness.stats`; none for fewer than six networks.",
    "calibration": "z over all nodes of dense layers; on live nodes it is descriptive.",
    "mixing": "Draws of `degree` took 20 trades; a check on 8 networks asked for 20 to 40 and "
    "moved mean z by at most 0.21.",
    "faithfulness": "The published protocol itself: 400 units, 18 levels, 107,800 steps.",
}
"""How the page keeps each rule."""


def opening(question: str, runs: Mapping[str, RunTables]) -> Opening:
    """Return the first screen: what repeats, what degrees leave, whether networks become alike."""
    compared = tables.against_published(runs["published"])
    first, percent = _range(runs["mended"])
    main = {name: runs[name] for name in _MAIN}
    found = profiles.representation(main, percent)
    more = data_sets.in_short(runs) if data_sets.there(runs) else []
    hero = next(part for part in _zscores(compared).parts if isinstance(part, Figure))
    return Opening(
        question,
        answer.repeated_in_short(compared),
        [*more, *answer.in_short(found, profiles.rises(main, first, percent), percent)][:3],
        hero,
        answer.ran(_first(runs)).split(". ")[0]
        + ". Intervals: 95 % over networks, given one data set unless more are named.",
        str(runs["published"].provenance.get("command", "")),
    )


def sections(runs: Mapping[str, RunTables]) -> list[Section]:
    """Return the sections in order."""
    every, runs = runs, _first(runs)
    main = {name: runs[name] for name in _MAIN}
    compared = tables.against_published(runs["published"])
    first, percent = _range(runs["mended"])
    rises = profiles.rises(runs, first, percent)
    similarity = profiles.similarity(runs)
    beside = profiles.beside(runs, percent)
    found = profiles.representation(main, percent)
    chains = profiles.chains(main, percent)
    effects = quirks.effects(runs)
    findings = [
        answer.reproduced(compared),
        *(data_sets.in_short(every) if data_sets.there(every) else []),
        answer.losses(runs),
        *answer.converged(rises, beside),
        *answer.represented(found, percent),
        *answer.chains(chains, effects, percent),
        *answer.matters(effects, percent),
    ]
    short = profiles.chains_in_short(chains)
    table = Table(
        "chains_in_short",
        f"Chains counted as chains, mean z at {percent} % pruned by the layer they begin in.",
        short,
        _columns(short, ("ensemble", "motif", "support")),
    )
    return [
        Section("answer", "The answer", [answer.ran(runs)], findings, [table]),
        _zscores(compared),
        *([data_sets.section(every)] if data_sets.there(every) else []),
        _losses(runs),
        _quirks(effects),
        _representation(found, chains, percent),
        _convergence(similarity, rises, beside),
        _structure(runs),
        checklist(_RULES),
    ]


def _first(runs: Mapping[str, RunTables]) -> dict[str, RunTables]:
    """Return the ensembles of one data set."""
    return {name: run for name, run in runs.items() if name in data_sets.FIRST}


def _range(run: RunTables) -> tuple[int, int]:
    """Return the first pruned level and the last up to 93 % pruned: what the answer is about."""
    percents = tables.with_percent(run.table("levels"))["percent"]
    return int(percents[percents > 0].min()), int(percents[percents <= 93].max())


def _columns(table: pd.DataFrame, texts: Sequence[str], **headings: str) -> list[Column]:
    return [
        Column(
            name,
            headings.get(name, name.replace("_", " ")),
            "text" if name in texts else "p" if name in ("p", "q") else "number",
        )
        for name in table.columns
    ]


def _zscores(compared: pd.DataFrame) -> Section:
    figure = charts.forest(
        "against_published",
        f"Ours less the published, at the three levels compared{_most(compared)}",
        "Our networks are selected as the published are: training loss up to 1e-3.",
        compared[compared["percent"].isin(answer.LEVELS)],
    )
    levels = tables.by_level(compared)
    lines = Figure(
        "by_level",
        "Every published quantity by level",
        "Mean z over networks and one standard deviation to either side, both counted as "
        "published, under the published null, with bias units. Axes differ between panels.",
        "Mean z by % pruned and class, published and ours.",
        charts.by_density(levels, "mean", "z", "motif", own_axes=True),
        levels,
        panel=200,
        longest=24,
    )
    table = Table(
        "zscores",
        "Every published z-score by level, and ours counted in the same way; ratio: mean of our "
        "counts over what is expected; difference, low and high in published sd.",
        compared,
        _columns(
            compared.drop(columns="alone"),
            ("motif", "verdict"),
            percent="%",
            published_n="their n",
            published_mean="their mean",
            published_sd="their sd",
        ),
        sortable=True,
    )
    return Section("published", "Beside the published z-scores", parts=[figure, lines, table])


def _losses(runs: Mapping[str, RunTables]) -> Section:
    table, passing = tables.losses(runs), tables.passing(runs)
    bands = table.rename(columns={"q05": "lower", "q95": "upper"})
    figure = Figure(
        "losses",
        "Losses by % pruned",
        "Median over networks; bands from the 5 to the 95 % quantile. Published: each level on one "
        "batch of 1024; ours: 4096 rows.",
        "Loss by % pruned and split, published and ours.",
        charts.by_density(bands, "median", "loss", "split", log=True),
        bands,
        panel=200,
        axis=80,
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
        return Section("quirks", "What changes what", ["Not measured yet."])
    shown = effects[effects["percent"].isin(quirks.DRAWN)]
    figure = Figure(
        "effects",
        "Change of z without one quirk",
        "Filled: mean paired difference over networks with its 95 % interval when no other is "
        "removed; hollow: mean over all settings of the other quirks. Quirks of counting on the "
        "same masks, quirks of pruning on networks of the same seeds. The null `published` is "
        "drawn over the network's live nodes; draws of `layered` and `degree` are of the whole "
        "network, then cut down as the network is. Axes differ between panels; 75 and 90 % are in "
        "the table.",
        "Change of z by quirk, class and level.",
        charts.effects(shown, quirks.MOTIFS),
        shown,
        panel=290,
        axis=90,
    )
    table = Table(
        "quirks",
        "Mean z with the quirk and without it alone, and the mean change over all settings of "
        "the other quirks, from the least to the most.",
        effects,
        _columns(effects, ("quirk", "motif"), percent="%"),
        sortable=True,
    )
    return Section("quirks", "What changes what", parts=[figure, table])


def _representation(found: pd.DataFrame, chains: pd.DataFrame, percent: int) -> Section:
    order = list(found["motif"].unique())
    figures = [
        Figure(
            name,
            f"{title} at {percent} % pruned (n = {_sizes(table)} networks)",
            "Each class by its own definition, without bias units; 95 % intervals over networks. "
            f"All nodes: calibrated; live nodes: descriptive. {note}",
            f"{title} by class under three ways of comparing, `published` and `mended` masks.",
            charts.representation(table, order, title),
            table,
            panel=290,
            axis=110,
        )
        for name, title, note, table in (
            (
                "representation",
                "Mean z",
                "Classes around one node are constant under `degree`.",
                found,
            ),
            (
                "effect_sizes",
                "log2(count / expected)",
                "How much more or less than expected, whatever the noise of the null: 1 is twice.",
                found.assign(
                    z=found["log2_ratio"], low=found["ratio_low"], high=found["ratio_high"]
                ),
            ),
        )
    ]
    texts = ("ensemble", "null", "support", "motif")
    parts: list[Figure | Table] = [
        *figures,
        Table("motifs_by_null", "z and log2(count / expected), means over networks.", found,
              _columns(found, texts), sortable=True),
        Table(
            "chains",
            "Chains counted as chains, by the layer of their first node (−1: the sum).",
            chains,
            _columns(chains, texts),
            sortable=True,
        ),
    ]  # fmt: skip
    return Section("motifs", "What is over- and under-represented", parts=parts)


def _most(table: pd.DataFrame) -> str:
    """Return the largest number of networks; nothing where none is selected."""
    n = table["n"].max()
    return f" (n = up to {n:.0f})" if n > 0 else ""


def _sizes(table: pd.DataFrame) -> str:
    """Return the number of networks of each ensemble."""
    largest = table.groupby("ensemble", sort=False)["n"].max()
    return " and ".join(f"{n:.0f}" for n in largest)


def _convergence(similarity: pd.DataFrame, rises: pd.DataFrame, beside: pd.DataFrame) -> Section:
    table = similarity.assign(panel="order " + similarity["order"].astype(str))
    figure = Figure(
        "similarity",
        "How alike the profiles of differently initialised networks are",
        "Noise-corrected similarity over pairs of networks, with 95 % intervals over networks; "
        "exact z under `layered`, all nodes. Beside it, where measured, random graphs made for "
        "each network: with degrees as unequal as its, and with its degrees.",
        "Similarity of profiles by % pruned, networks and controls.",
        charts.by_density(table, "mean", "noise-corrected similarity", "panel"),
        table,
        panel=200,
        longest=30,
    )
    parts: list[Figure | Table] = [
        figure,
        Table("rises", "Whether profiles become more alike: paired by network.", rises,
              _columns(rises, ("source",))),
        Table("beside_controls", "Whether networks are more alike than their controls.", beside,
              _columns(beside, ("source", "control"))),
    ]  # fmt: skip
    return Section("alike", "Convergence", parts=parts)


def _structure(runs: Mapping[str, RunTables]) -> Section:
    table = tables.structure(runs)
    parts = []
    for measure, title in (("edges", "Edges"), ("live_nodes", "Live nodes")):
        part = table[table["measure"] == measure]
        part = part.assign(panel="layer " + part["layer"].astype(int).astype(str))
        parts.append(
            Figure(
                measure,
                f"{title} by layer",
                f"{title}: median over networks and quartiles, by % pruned as asked for.",
                f"{title} by layer and % pruned.",
                charts.by_density(part, "median", title.lower(), "panel", log=True),
                part,
                panel=200,
                axis=80,
                longest=12,
            )
        )
    return Section("layers", "Layers", parts=parts)
