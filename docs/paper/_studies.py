"""The numbers of the other questions by name, each read from a committed table of its study."""

from collections.abc import Callable
from typing import Any

from _tables import Estimate, Reports, estimate, times

from harness.tables.parts import listed


def training(reports: Reports) -> dict[str, Any]:
    """Return what Q11 found: strength by start and decay, and what degrees leave of it."""

    def difference(comparison: str) -> Estimate:
        where = {"outcome": "strength", "comparison": comparison}
        return times(reports.row("training", "comparisons", **where))

    beyond = reports.rows("training", "by_condition", outcome="beyond_degrees")
    loss = reports.row(
        "training", "comparisons", outcome="loss", comparison="sd 0.5: early decay against none"
    )
    return {
        "start": difference("sd 0.05 against sd 0.5, no decay"),
        "decay": difference("sd 0.5: early decay against none"),
        "decay_loss": times(loss),
        "left": int((beyond["verdict"] == "something is left").sum()),
        "conditions": len(beyond),
        "overlap": _of(reports, "overlap", "sd 0.5"),
        "overlap_small": _of(reports, "overlap", "sd 0.05"),
        "chance": _of(reports, "chance", "sd 0.5"),
    }


def _of(reports: Reports, outcome: str, start: str) -> float:
    where = {"outcome": outcome, "start": start, "decay": "none"}
    return float(reports.row("training", "by_condition", **where)["value"])


def pruners(reports: Reports) -> dict[str, Any]:
    """Return what Q1 found: strength and excess by pruner, and the unit that limits it."""
    strength = reports.rows("pruners", "ranking", panel="motif strength (rms z)")
    by_name = strength.set_index("condition")["value"]
    paths = reports.rows("pruners", "landscape", motif="biparallel").set_index("pruner")
    losses = reports.table("pruners", "loss_ratios")
    small = reports.rows("pruners", "small_outcomes", outcome="loss")
    verdicts = small.pivot(index="pruner", columns="start", values="verdict")
    less, more = (verdicts == "loses less"), (verdicts == "loses more")
    return {
        "better": listed([f"`{name}`" for name in verdicts.index[less.all(axis=1)]]),
        "turned": listed(
            [f"`{name}`" for name in verdicts.index[less.any(axis=1) & more.any(axis=1)]]
        ),
        "small_n": int(small["n"].max()),
        "magnitude": 2 ** float(paths.loc["magnitude", "log2_ratio"]),
        "fisher": 2 ** float(paths.loc["fisher", "log2_ratio"]),
        "random": float(by_name["random"]),
        "strongest": float(by_name.max()),
        "strongest_name": str(by_name.idxmax()),
        "conditions": len(strength),
        "n": int(strength["n"].max()),
        "attainable": float(losses["attainable"].min()),
    }


def course(reports: Reports) -> dict[str, Any]:
    """Return what Q10 found: where the profile is made, and the jump that is not shown."""
    rises = reports.table("time-course", "rises").set_index("comparison")
    after = rises[rises.index.str.contains("from the first pruning on")]["value"]
    jumps = reports.rows("time-course", "jumps", null="layered")
    return {
        "glorot": times(rises.loc["Glorot, magnitude: in the dense level"]),
        "published": times(rises.loc["published-like, magnitude: in the dense level"]),
        "after_least": float((2**after).min()),
        "after_most": float((2**after).max()),
        "conditions": len(jumps),
        "shown": int((jumps["verdict"] == "beyond the margin").sum()),
        "open": int((jumps["verdict"] == "open").sum()),
    }


def schedules(reports: Reports) -> dict[str, Any]:
    """Return what Q7 found: how far jitter, and another order of batches, move a profile."""

    def moved(regime: str, twin: str) -> Estimate:
        where = {"regime": regime, "twin": twin, "outcome": "layered"}
        return estimate(reports.row("schedules", "distances", **where))

    return {
        "jitter": moved("published-like", "jitter 0.3"),
        "batches": moved("published-like", "batch order"),
        "batches_glorot": moved("Glorot", "batch order"),
    }


def tasks(reports: Reports) -> dict[str, Any]:
    """Return what Q4 found: what motifs beyond degrees add to naming the task."""
    gains = reports.table("tasks", "gains").set_index("comparison")
    add = "degree variances + z − degree variances"
    return {
        "gain": estimate(gains.loc[f"Glorot, equal ends: {add}"]),
        "without_planted": estimate(gains.loc[f"Glorot, no planted teacher: {add}"]),
    }


def architectures(reports: Reports) -> dict[str, Any]:
    """Return what Q2 found: mean z of diverge2 in two architectures."""
    where = {"pruner": "magnitude", "motif": "diverge2"}
    return {
        "mlp": estimate(reports.row("architectures", "changes", view="layers", **where), "mean"),
        "rnn": estimate(reports.row("architectures", "changes", view="recurrent", **where), "mean"),
    }


def orders(reports: Reports) -> dict[str, Any]:
    """Return what Q5 found: root mean square z of order 4, of networks and of draws."""
    found: dict[str, Any] = {}
    for kind in ("network", "draw"):
        rows = reports.rows("orders", "strengths", outcome="order4", kind=kind)
        found[kind] = (float(rows["value"].min()), float(rows["value"].max()))
    return {**found, "n": int(rows["n"].max()), "conditions": len(rows)}


def function(reports: Reports) -> dict[str, Any]:
    """Return what Q3 found: loss for 10 more in z of bifan, and the correlations beside it."""
    ranks = reports.table("function", "correlations")
    where = {"arm": "start", "outcome": "slope"}
    return {
        "published": times(reports.row("function", "slopes", start="published-like", **where)),
        "glorot": times(reports.row("function", "slopes", start="Glorot", **where)),
        "correlated": int((ranks["adjusted"] <= 0.05).sum()),
        "ranked": int((ranks["rank_adjusted"] <= 0.05).sum()),
        "classes": len(ranks),
        "n": int(ranks["n"].max()),
    }


STUDIES: tuple[Callable[[Reports], dict[str, Any]], ...] = (
    training, pruners, course, schedules, tasks, architectures, orders, function,
)  # fmt: skip
"""What is read of each study; the text names it by the name of the function."""
