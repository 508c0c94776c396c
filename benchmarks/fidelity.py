"""How near a run of the default schedule comes to the published protocol, class by class.

    python -m harness_benchmarks.fidelity [RUN ...] --out reports/fidelity

The first run is judged; the others draw the curve of fidelity against training steps. Without
runs, the page is written anew from the tables in the folder. The
reference is plain magnitude under `published`, whose tables are in reports/published/runs/mended.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import harness
from harness import report
from harness.report import Column, Figure, Finding, Opening, Section, Table
from harness.results.thinned import ThinnedRun
from harness.tables.parts import listed

REFERENCE = Path("reports/published/runs/mended")
PRUNED = (85, 90, 93)
"""Percent pruned at which the two are compared."""

_MOST_DEVIATION, _LEAST_CLASSES, _MOST_LOSS, _CLEAR = 1.0, 10, 2.0, 2.0
"""The rule: at least 10 of 13 classes at each level within one standard deviation over networks;
losses within a factor of 2; the sign of every class whose mean is over 2 standard errors."""


def compared(reference: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Mean z over networks, on all nodes under `layered`, by percent pruned and class.

    `deviation` is the difference of the two means over the reference's standard deviation over
    networks; `clear` whether the reference's mean exceeds two standard errors; `right_sign` is true
    where it is not clear.
    """
    one, other = _by_class(reference), _by_class(judged)
    table = one.join(other, suffixes=("_reference", "_judged")).reset_index()
    error = table["sd_reference"] / np.sqrt(table["n_reference"])
    clear = table["mean_reference"].abs() > _CLEAR * error
    same = np.sign(table["mean_reference"]) == np.sign(table["mean_judged"])
    return table.assign(
        deviation=(table["mean_judged"] - table["mean_reference"]) / table["sd_reference"],
        clear=clear,
        right_sign=same | ~clear,
    )


def losses(reference: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Median validation loss over networks by percent pruned, and its ratio to the reference."""
    medians = [
        table.assign(pruned=_pruned(table)).groupby("pruned")["validation_loss"].median()
        for table in (reference, judged)
    ]
    table = pd.DataFrame(dict(zip(("reference", "judged"), medians, strict=True))).dropna()
    return table.assign(ratio=table["judged"] / table["reference"]).reset_index()


def verdict(table: pd.DataFrame, loss: pd.DataFrame) -> pd.DataFrame:
    """What the rule says, a row a level."""
    rows = []
    for pruned, part in table.groupby("pruned"):
        ratio = float(loss.loc[loss["pruned"] == pruned, "ratio"].iloc[0])
        within = int((part["deviation"].abs() <= _MOST_DEVIATION).sum())
        rows.append(
            {
                "pruned": pruned,
                "signs": int(part["right_sign"].sum()),
                "within": within,
                "classes": len(part),
                "loss_ratio": ratio,
                "faithful": bool(
                    part["right_sign"].all()
                    and within >= _LEAST_CLASSES
                    and 1 / _MOST_LOSS <= ratio <= _MOST_LOSS
                ),
            }
        )
    return pd.DataFrame(rows)


def curve(
    reference: tuple[pd.DataFrame, pd.DataFrame], runs: Sequence[harness.Run]
) -> pd.DataFrame:
    """Fidelity against steps: for each run, the rule's quantities over all three levels."""
    rows = []
    for run in runs:
        table = compared(reference[0], run.table("motifs"))
        loss = losses(reference[1], run.table("levels"))
        at = loss[loss["pruned"].isin(PRUNED)]
        levels = run.table("levels")
        rows.append(
            {
                "schedule": levels["schedule"].iloc[0],
                "steps": int(levels.groupby(["data_seed", "network"])["steps"].sum().median()),
                "n": int(table["n_judged"].max()),
                "signs": int(table["right_sign"].sum()),
                "within": int((table["deviation"].abs() <= _MOST_DEVIATION).sum()),
                "of": len(table),
                "mean_deviation": float(table["deviation"].abs().mean()),
                "worst_loss_ratio": float(at["ratio"].max()),
            }
        )
    return pd.DataFrame(rows).sort_values("steps")


def _by_class(motifs: pd.DataFrame) -> pd.DataFrame:
    summed = motifs["base_layer"] == -1 if "base_layer" in motifs else True
    table = motifs[(motifs["support"] == "all") & summed]
    table = table.assign(pruned=_pruned(table), motif=table["motif"].astype(str))
    table = table[table["pruned"].isin(PRUNED)]
    groups = table.groupby(["pruned", "motif"])["z"]
    return groups.agg(mean="mean", sd="std", n="count")


def _pruned(table: pd.DataFrame) -> "pd.Series[int]":
    return (100 * (1 - table["density"].astype(float))).round().astype(int)


def _sections(table: pd.DataFrame, loss: pd.DataFrame, by_steps: pd.DataFrame) -> list[Section]:
    judged = verdict(table, loss)
    return [
        Section("answer", "Is the default a faithful miniature?", findings=list(_said(judged))),
        Section("classes", "Class by class", parts=[_classes(table), *_tables(table, judged)]),
        Section(
            "steps",
            "Fidelity against steps",
            ["The first run above was judged once, on networks whose seeds the search for the "
             "schedule had not used; the other efforts are shown as they came."],
            parts=[Table("steps", "Efforts of `quick`, each with its number of training steps.",
                         by_steps, [Column(name, name.replace("_", " "),
                                           "text" if name == "schedule" else "number")
                                    for name in by_steps])],
        ),
    ]  # fmt: skip


def _said(judged: pd.DataFrame) -> Iterator[Finding]:
    for row in judged.to_dict("records"):
        yield Finding(
            f"{row['pruned']} % pruned: {'faithful' if row['faithful'] else 'not faithful'}. "
            f"{row['within']} of {row['classes']} classes lie within one standard deviation, "
            f"{row['signs']} have the right sign, the loss is {row['loss_ratio']:.2f} times.",
            "Null layered, all nodes, means over networks. The rule was fixed before the run: "
            "every clear sign right, at least 10 of 13 classes within one standard deviation of "
            "the reference's networks, losses within a factor of 2.",
        )


def _classes(table: pd.DataFrame) -> Figure:
    import altair as alt

    shown = table.assign(level=[f"{pruned} %" for pruned in table["pruned"]])
    levels = list(dict.fromkeys(shown["level"]))
    rule = alt.Chart().mark_rule(color=report.charts.RULE)
    points: alt.Chart = (
        alt.Chart()
        .mark_point(filled=True, size=60)
        .encode(
            x=alt.X("deviation:Q", title="difference of mean z, in sd of the reference's networks"),
            y=alt.Y("motif:N", title=None),
            color=report.charts.colour(levels, "level", "pruned"),
        )
    )
    edges = [rule.encode(x=alt.datum(edge)) for edge in (-1, 0, 1)]
    layers = alt.LayerChart(data=shown, layer=[*edges, points])
    return Figure(
        "deviations",
        "How far the default's mean z lies from the published protocol's",
        f"Null layered, all nodes; {int(table['n_judged'].max())} networks against "
        f"{int(table['n_reference'].max())}. Between the outer lines: within one standard "
        "deviation over the reference's networks.",
        "Deviation of mean z by motif class, at 85, 90 and 93 % pruned.",
        layers.properties(height=26 * table["motif"].nunique()),
        shown,
        axis=110,
    )


def _tables(table: pd.DataFrame, judged: pd.DataFrame) -> list[Table]:
    names = {"mean_reference": "z, published", "sd_reference": "sd", "n_reference": "n",
             "mean_judged": "z, quick", "sd_judged": "sd ", "n_judged": "n "}  # fmt: skip
    columns = [Column("pruned", "% pruned"), Column("motif", "motif", "text")]
    columns += [Column(key, heading) for key, heading in names.items()]
    columns += [Column("deviation", "difference in sd")]
    rule = [Column(name, name.replace("_", " ")) for name in judged if name != "faithful"]
    return [
        Table("verdict", "The rule by level.", judged, [*rule, Column("faithful", "", "text")]),
        Table("classes", "Mean z over networks by class.", table, columns),
    ]


def opening(judged: pd.DataFrame, figure: Figure) -> Opening:
    """The first screen: whether the rule holds at each level, and how far each class lies."""
    failed = [str(row["pruned"]) for row in judged.to_dict("records") if not row["faithful"]]
    held = [str(row["pruned"]) for row in judged.to_dict("records") if row["faithful"]]
    fails = f", and fails at {listed(failed)} % pruned" if failed else ""
    findings = [
        Finding(
            f"At {row['pruned']} % pruned {row['within']} of {row['classes']} classes lie within "
            f"one standard deviation, and loss is {row['loss_ratio']:.2f} times the published."
        )
        for row in judged.to_dict("records")
    ]
    return Opening(
        "Is the default schedule faithful?",
        f"The rule, fixed before the run, holds at {listed(held) or 'no'} % pruned{fails}.",
        findings,
        figure,
        "8 networks given one data set against 8 of plain magnitude under `published`; mean z, "
        "null `layered`, all nodes.",
        "python -m harness_benchmarks.fidelity --out reports/fidelity",
    )


def write(
    table: pd.DataFrame, loss: pd.DataFrame, by_steps: pd.DataFrame, reference: Path, out: Path
) -> Path:
    """Write the page with its tables and charts."""
    judged = verdict(table, loss)
    first = opening(judged, replace(_classes(table), name="deviations_first"))
    sections = _sections(table, loss, by_steps)
    return report.page(first, sections, [ThinnedRun(reference)], out)


def main() -> None:
    """Compare runs, or write the page anew from the tables of an earlier comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--reference", type=Path, default=REFERENCE)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    if asked.runs:
        kept = ThinnedRun(asked.reference)
        reference = kept.table("motifs"), kept.table("levels")
        runs = [harness.open_run(path) for path in asked.runs]
        table = compared(reference[0], runs[0].table("motifs"))
        loss = losses(reference[1], runs[0].table("levels"))
        by_steps = curve(reference, runs)
    else:
        named = ("classes", "verdict", "steps")
        table, said, by_steps = (pd.read_csv(asked.out / "tables" / f"{n}.csv") for n in named)
        loss = said.rename(columns={"loss_ratio": "ratio"})[["pruned", "ratio"]]
    print(f"wrote {write(table, loss, by_steps, asked.reference, asked.out)}")


if __name__ == "__main__":
    main()
