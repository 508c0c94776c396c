"""Where the numbers come from, and what each statistic means and does not mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.tables.collection import RunTables
from harness.tables.parts import Facts, Section
from harness.tables.report import Report

STATISTICS = (
    (
        "% pruned, density",
        "Density is the share of prunable weights that are kept; % pruned is the rest of 100 %. "
        "Files have densities, this page has % pruned. Effectively pruned: pruned, or on no path "
        "from an input to an output; effective density is the rest.",
    ),
    (
        "n, unit",
        "Trained networks, never null draws. The unit beside n is one replicate; it says what an "
        "interval or p is about. One data seed: networks, given one data set. One network for each "
        "data seed: networks, each with its own data. Six or more data seeds with several networks "
        "each: data seeds, their networks averaged; fewer: networks, given these data sets. "
        "Results before version 3 give network i the same start under every data seed: starts, "
        "networks of one number averaged.",
    ),
    (
        "constant, left out",
        "A network is marked where its validation loss is at least 0.9 of that of the best "
        "constant predictor. If more than 10 % of a condition's networks are marked at a level, "
        "ranks, comparisons, matched comparisons and fronts leave out that whole level and the "
        "page names it. Single networks are never left out: that would select the survivors.",
    ),
    (
        "null `layered`",
        "As many edges between each two layers as the network has, placed uniformly. It does not "
        "fix degrees: where some nodes simply have more edges, stars are over-represented.",
    ),
    (
        "expected, σ",
        "Mean and standard deviation of the count under the null: exact moments, no sampling.",
    ),
    (
        "z, all nodes",
        "(count − expected) / σ over all nodes of the architecture, which were fixed before "
        "looking: calibrated, mean 0 and variance 1 for random masks. Nodes without edges count as "
        "structure.",
    ),
    (
        "z, live nodes",
        "The same over nodes on a path from an input to an output. They were chosen after looking, "
        "so it is descriptive: when almost all is pruned, even random masks give z far below 0.",
    ),
    (
        "size of z",
        "z grows with the size of a network. It says how certain, not how large: read "
        "log2(count/expected) beside it. 0 is as expected, 1 is twice, −1 is half.",
    ),
    (
        "near 0 % pruned",
        "z describes a nearly complete graph, with few ways to differ; at 0 % pruned σ is 0, z is "
        "undefined and nothing is shown.",
    ),
    (
        "sums over layers",
        "z of a whole network may hide opposite signs in different layers: see z by base layer.",
    ),
    (
        "interval of a mean",
        "95 %: the values that neither Student's t nor bootstrap-t rejects, each at 0.4 of the "
        "error asked for. It covers 0.93 and more at n = 8 and 10 for skewed and bimodal values; "
        "none is shown below six units. The same procedure gives p for a mean of 0: below 0.05 "
        "exactly where the interval excludes 0.",
    ),
    (
        "q",
        "The two-sided p of a mean z of 0, adjusted (Benjamini and Hochberg) over the "
        "classes of one condition on one support. Over- or under-represented means q < 0.05. The "
        "levels of one run are one set of networks: they are not independent tests.",
    ),
    (
        "p_normal, q_normal",
        "In the run's motif table: p of one network's z if it were normal, adjusted over its "
        "classes. Rough: counts in small layers are skewed, and tails can be many times thicker.",
    ),
    (
        "similarity, noise-corrected",
        "Mean dot product of two networks' z of one order, over the mean of |z|² less the number "
        "of classes, which is what the null's noise adds. 1: equal signals; 0: unrelated; an "
        "estimate, which may exceed 1. Raw cosines rise with the signal even if no direction "
        "changes. Not shown where the signal is not clear of noise. It assumes that trained "
        "networks are as noisy as the null.",
    ),
    (
        "unequal degrees alone",
        "A control: one random graph for each network, whose nodes differ in log-normal fitness so "
        "that degrees vary in each layer as the network's do. Such graphs resemble each other.",
    ),
    (
        "the same degrees",
        "A control: one random graph for each network, in which every node keeps its degrees. Only "
        "what exceeds both controls is a motif profile. Of order 2, degrees determine everything.",
    ),
    (
        "attainable p",
        "The smallest p possible with n units: 2^(1 − n), as in a sign-flip test, and 0.0005 from "
        "12 units on. With five units or fewer it is above 0.05, so nothing can be significant at "
        "that level.",
    ),
    (
        "paired difference",
        "Between two networks with the same initial weights, data and batches under two "
        "conditions, equally pruned. Intervals and p are over units (see there). Section "
        "Matched comparisons compares pruners at equal loss and at equal % effectively pruned.",
    ),
    (
        "matched",
        "Compared at a value that a network's own levels reach, joined by straight lines in the "
        "logarithms of weights left and loss. Networks that do not reach it have no value; they "
        "are the best or the worst ones, so read n beside it.",
    ),
    (
        "mean rank",
        "A pruner's rank by validation loss among all pruners of one network, averaged over "
        "networks; intervals as of a mean. It says how reliably one is better, not by how much.",
    ),
    (
        "front",
        "Rows (pruner and level) that no other row dominates: at most as costly in both "
        "respects and less in one. It compares medians, without a test.",
    ),
    (
        "budget",
        "Training steps. Up to a level: summed over the levels before it, or those of that "
        "level alone where a pruner acts before training and trains each from the start.",
    ),
    (
        "p, corrected",
        "p corrected for testing all motifs, or all values, of a comparison: the larger of p and "
        "the chance that any of them is as extreme when signs are flipped (max-T, Westfall and "
        "Young). There is no correction over several comparisons.",
    ),
    (
        "significance profile",
        "z of a network's motifs of one order over their norm: which motifs stand out, not how "
        "much.",
    ),
    (
        "degree",
        "Edges into or out of a unit in one leaf. Dashed curves are the hypergeometric tail: what "
        "units would have if the leaf's edges were placed uniformly.",
    ),
    (
        "interval of a similarity",
        "95 %, from jackknife pseudo-values: each network is left out in turn, not each pair, as "
        "pairs share networks. There is none below 6 networks.",
    ),
    (
        "between conditions",
        "Mean over pairs of networks under two conditions. Pairs with the same initial weights are "
        "left out, because a condition has no such pairs within itself.",
    ),
)


def section(report: Report) -> Section:
    """Say where the numbers come from, and what each statistic means."""
    return provenance_of(report.data.runs)


def provenance_of(runs: Sequence[RunTables]) -> Section:
    """Say where the numbers of some runs come from, for any page."""
    parts = [Facts("What each statistic means, and what it does not", STATISTICS)]
    for run in runs:
        parts += [
            Facts(f"Provenance of {run.path.name}", _flat(run.provenance)),
            Facts(f"Experiment of {run.path.name}", _flat(run.experiment)),
        ]
        if run.notes:
            parts.append(Facts(f"Notes on the data of {run.path.name}", _flat(run.notes)))
    return Section("provenance", "Meaning and provenance", parts=parts, folded=True)


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Flatten nested mappings to names with dots and values as text."""
    if isinstance(value, Mapping):
        items = [_flat(part, f"{name}.{key}" if name else str(key)) for key, part in value.items()]
        return [pair for pairs in items for pair in pairs]
    if isinstance(value, list | tuple) and not any(isinstance(part, Mapping) for part in value):
        return [(name, ", ".join(map(str, value)) or "none")]
    if isinstance(value, list | tuple):
        items = [_flat(part, f"{name}[{number}]") for number, part in enumerate(value)]
        return [pair for pairs in items for pair in pairs]
    return [(name, "none" if value is None else str(value))]
