"""The numbers of the paper by name, each read from a committed table of a report."""

import re
from pathlib import Path
from typing import Any

from _exactness import exactness
from _studies import STUDIES
from _tables import Reports, estimate, times

LEVEL = 93
"""Percent pruned at which the published networks are compared."""


def facts(reports: Reports, results: Path) -> dict[str, Any]:
    """Return the numbers of the text by group; `results` is the page of benchmarks."""
    return {
        "exact": exactness(),
        "cost": cost(results),
        "published": published(reports),
        "alike": alike(reports),
        **{one.__name__: one(reports) for one in STUDIES},
    }


def published(reports: Reports) -> dict[str, Any]:
    """Return what Q0 found: equivalence, the quirk of chains, what degrees leave."""
    judged = reports.table("published", "against_published")
    pairs = reports.row("published", "zscores", percent=LEVEL, motif="chain2_pairs")
    null = {"ensemble": "published", "null": "layered", "support": "all"}
    layered = reports.rows("published", "motifs_by_null", **null)
    chain = estimate(layered[layered["motif"] == "chain2"].iloc[0], "z")
    by_layer = reports.rows("published", "chains_by_layer", motif="chain2", **null)
    last = by_layer[by_layer["base_layer"] >= 2]["z"]
    mixed = reports.table("published", "degree_recheck")
    mixed = mixed[(100 * (1 - mixed["density"])).round() == LEVEL].set_index("motif")
    rise = reports.rows("published", "rises", order=3).set_index("source")
    degree = reports.rows("published", "motifs_by_null", **{**null, "null": "degree"})
    return {
        "equivalent": int((judged["verdict"] == "equivalent").sum()),
        "compared": len(judged),
        "n": int(judged["n"].max()),
        "first": int(rise["first"].iloc[0]),
        "last": LEVEL,
        "levels": [int(one) for one in judged["percent"].unique()],
        "pairs": float(pairs["mean"]),
        "pairs_published": float(pairs["published_mean"]),
        "chain": chain,
        "chain_least": float(last.max()),
        "chain_most": float(last.min()),
        "positive": int((layered["z"] > 0).sum()),
        "classes": len(layered),
        "z_most": float(layered["z"].max()),
        "excess_most": _percent(layered["log2_ratio"].max()),
        "degree_excess_most": _percent(degree["log2_ratio"].max()),
        "degree_n": int(degree["n"].max()),
        "varying": int((degree["n"] > 0).sum()),
        "mixed": {name: float(mixed.loc[name, "z_mixed"]) for name in mixed.index},
        "mixed_n": int(mixed["n_mixed"].max()),
        "rise": {name: estimate(rise.loc[name], "difference") for name in ("published", "mended")},
        "similarity": {
            name: (float(row["similarity_first"]), float(row["similarity_last"]))
            for name, row in rise.iterrows()
        },
        "recheck": _recheck(reports),
        "start": times(reports.row("published", "starts", outcome="strength")),
        "start_degree": times(reports.row("published", "starts", outcome="degree_strength")),
        "elsewhere": _elsewhere(reports),
    }


def _elsewhere(reports: Reports) -> dict[str, int]:
    """Return how the z-scores of other data sets compare with the published, by verdict."""
    other = reports.table("published", "other_data_sets_compared")
    number = other["verdict"].value_counts()
    verdicts = {name: int(number.get(name, 0)) for name in ("equivalent", "different")}
    return {**verdicts, "compared": len(other), "n": int(other["n"].max())}


def _recheck(reports: Reports) -> dict[str, Any]:
    """Return how much z under `degree` moved when chains were run until they had mixed."""
    every = reports.table("published", "degree_recheck")
    return {
        "least": int(every["trades_most"].min()),
        "most": int(every["trades_most"].max()),
        "moved": float((every["z_mixed"] - every["z_old"]).abs().max()),
        "n": int(every["n_mixed"].max()),
    }


def alike(reports: Reports) -> dict[str, Any]:
    """Return how alike networks are at 93 % pruned, and the two controls beside them."""
    rows = reports.rows("time-course", "likeness", density=0.07, levels="levels")
    rows = rows[rows["pruner"] == "magnitude"].set_index(["regime", "support"])
    short = {"networks": "networks", "their degrees, drawn": "degrees"}
    short["unequal degrees alone"] = "unequal"
    return {
        start: {name: estimate(rows.loc[(regime, support)]) for support, name in short.items()}
        for start, regime in (("glorot", "Glorot"), ("published", "published-like"))
    }


def _percent(log2_ratio: float) -> float:
    return 100 * (2 ** float(log2_ratio) - 1)


def cost(results: Path) -> dict[str, Any]:
    """Return what counting costs, from the page of benchmarks: seconds a network."""
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|", results.read_text("utf-8"), re.M))
    return {
        "ours": _number(rows["13 classes, counts and exact z, 100 networks of 23,136 edges"]),
        "drawn": _number(rows["rival: 1000 random networks counted with NumPy"]),
    }


def _number(text: str) -> float:
    return float(text.split()[0].replace(",", ""))
