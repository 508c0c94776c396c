"""How alike networks are: similarity of significance profiles, corrected for noise, by level."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report.charts import RULE, band_and_line, kept, panels_of
from harness.report.collection import Collection
from harness.report.pages.parts import Column, Figure, Part, Section, Table
from harness.report.sections.report import NOTHING, Report, shared
from harness.report.summaries import SUPPORTS, last_of_equal, nearest
from harness.report.units import units_of

BETWEEN = "between conditions"

CONTROLS: Mapping[str, str] = {
    "unequal-degrees": "unequal degrees alone",
    "degree-drawn": "the same degrees",
}
"""The supports that measure random graphs made for each network, and what the page calls them."""

TESTED_DENSITIES = (0.25, 0.15, 0.1, 0.07)
"""Similarity is tested at the levels nearest to 75, 85, 90 and 93 % pruned."""

_COLUMNS = (
    *("comparison", "graphs", "order", "support", "density", "mean", "low", "high", "n"),
    "classes",
)

_TEST_COLUMNS = (
    Column("condition", "condition", "text"),
    Column("density", "kept", "kept"),
    Column("order", "order"),
    Column("control", "control", "text"),
    Column("n", "n", note="networks, each paired with its control"),
    Column("similarity", "networks"),
    Column("of_control", "controls"),
    Column("difference", "difference", note="jackknife: less its bias"),
    Column("low", "low"),
    Column("high", "high"),
    Column("p", "p", note="two-sided, of the same procedure as the interval"),
    Column("attainable", "attainable p", note="the smallest p that so few networks can give"),
)


@shared
def similarity_of(report: Report) -> pd.DataFrame:
    """Return how alike networks are, by density."""
    return similarity(report.data)


@shared
def control_tests_of(report: Report) -> pd.DataFrame:
    """Return whether networks are more alike than the controls made for them."""
    return control_tests(report.data)


def similarity(data: Collection) -> pd.DataFrame:
    """Noise-corrected similarity within each condition and between them, with intervals.

    One row for each order of motifs, support, density and comparison. A profile is the vector of z
    of the classes that are defined in all the networks compared. `classes` is how many those are;
    `graphs` are the networks, or one of the `CONTROLS` made for them. Rows without a signal that is
    clear of noise are left out.
    """
    rows = []
    for support in SUPPORTS:
        table = data.summed[data.summed["support"] == support]
        for order, density, wide in _by_level(data, table):
            place = {"graphs": "networks", "order": order, "support": support, "density": density}
            rows += [{**place, **row} for row in _rows(wide)]
    for control, name in CONTROLS.items():
        table = data.drawn[data.drawn["support"] == control]
        for order, density, wide in _by_level(data, table):
            place = {"graphs": name, "order": order, "support": "all", "density": density}
            rows += [{**place, **row} for row in _rows(wide)]
    return pd.DataFrame([row for row in rows if np.isfinite(row["mean"])], columns=list(_COLUMNS))


def _by_level(
    data: Collection, table: pd.DataFrame, densities: Sequence[float] | None = None
) -> Iterator[tuple[int, float, pd.DataFrame]]:
    """For each order and density the z of every network, a row a network and a column a motif."""
    if densities is not None:
        table = table[table["density"].isin(densities)]
    if table.empty:
        return
    place = ["density", "condition", "trial", "network"]
    every = last_of_equal(table).pivot_table(
        index=place, columns="motif", values="z", observed=True
    )
    every = every.reset_index(["condition", "trial"])
    trials = data.trials.set_index("trial")
    trial = every.pop("trial").astype(object)
    about = ("task", "seed", "data_seed", "version")
    for name in about:
        every[name] = trial.map(trials[name]).to_numpy()
    # Conditions in the order of the legend.
    rank = {name: number for number, name in enumerate(data.conditions)}
    every["condition"] = every["condition"].astype(object)
    every = every.iloc[np.argsort(every["condition"].map(rank).to_numpy(), kind="stable")]
    every = every.set_index(["condition", *about], append=True)
    classes = table[["order", "motif"]].drop_duplicates()
    for density, wide in every.groupby(level="density"):
        for order, names in classes.groupby("order", observed=True)["motif"]:
            known = [name for name in names if name in wide]
            yield int(str(order)), float(str(density)), wide.droplevel("density")[known]


def _rows(wide: pd.DataFrame) -> list[dict[str, Any]]:
    """Similarity within each condition and, where there are several, between them."""
    rows: list[dict[str, Any]] = [
        {"comparison": condition, **_within(_profiles(part))}
        for condition, part in wide.groupby(level="condition", sort=False)
    ]
    if len(rows) > 1:
        profiles, noise = _by_unit(_profiles(wide))
        # The same unit has the same initial weights under all conditions of one task.
        units = pd.factorize(profiles.reset_index("condition").index)[0]
        groups = pd.factorize(profiles.index.get_level_values("condition"))[0]
        values = profiles.to_numpy(dtype=float)
        found = stats.similarity_between(values, groups, units, noise=noise)
        rows.append({"comparison": BETWEEN, **_row(found, profiles)})
    return rows


def _by_unit(profiles: pd.DataFrame) -> tuple[pd.DataFrame, stats.Noise]:
    """The mean profile of each unit of replication, and the noise that such a mean has."""
    if profiles.empty:
        return profiles, stats.EXACT
    units = units_of(profiles.index.to_frame(index=False))
    groups = profiles.groupby(level=["condition", "task", *units.keys], sort=False)
    return groups.mean(), stats.Noise(averaged=int(groups.size().min()))


def _profiles(wide: pd.DataFrame) -> pd.DataFrame:
    """The networks that have a profile, and the classes that are defined in all of them."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    # One class has no direction but its sign: any two such profiles are alike or opposite.
    return complete if complete.shape[1] > 1 else complete.iloc[:0]


def _within(networks: pd.DataFrame) -> dict[str, Any]:
    profiles, noise = _by_unit(networks)
    return _row(stats.similarity_within(profiles.to_numpy(dtype=float), noise=noise), profiles)


def _row(found: stats.Interval, profiles: pd.DataFrame) -> dict[str, Any]:
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {**ends, "n": found.n, "classes": profiles.shape[1]}


def control_tests(data: Collection) -> pd.DataFrame:
    """Test whether networks are more alike than the controls made for them, at a few levels.

    One row for each level, order, condition and control. Profiles count all nodes; each network is
    paired with its own control. `difference` is the similarity of the networks less that of their
    controls, with its interval and p from one procedure (`stats.similarity_difference`).
    """
    if not data.densities or data.drawn.empty:
        return pd.DataFrame()
    levels = {nearest(data.densities, density) for density in TESTED_DENSITIES}
    own = data.summed[data.summed["support"] == "all"]
    networks = {
        (order, density): wide for order, density, wide in _by_level(data, own, sorted(levels))
    }
    rows = []
    for control, name in CONTROLS.items():
        table = data.drawn[data.drawn["support"] == control]
        for order, density, drawn in _by_level(data, table, sorted(levels)):
            trained = networks.get((order, density))
            if trained is None:
                continue
            place = {"density": density, "order": order, "control": name}
            for condition, part in trained.groupby(level="condition", sort=False):
                rows += [{"condition": condition, **place, **row} for row in _beside(part, drawn)]
    table = pd.DataFrame(rows)
    by, ascending = ["density", "order", "condition"], [False, True, True]
    return table.sort_values(by, ascending=ascending, kind="stable") if rows else table


def _beside(trained: pd.DataFrame, drawn: pd.DataFrame) -> list[dict[str, Any]]:
    """The networks of one condition against their controls: one row, or none without a pair."""
    common = trained.index.intersection(drawn.index)
    networks = [_profiles(part.loc[common]) for part in (trained, drawn)]
    if len(networks[0]) < 2 or len(networks[0]) != len(networks[1]):
        return []
    (one, noise), (other, also) = map(_by_unit, networks)
    both = [one, other]
    values = [part.to_numpy(dtype=float) for part in both]
    alike = stats.similarity_within(values[0], noise=noise)
    control = stats.similarity_within(values[1], noise=also)
    found = stats.similarity_difference(values[0], values[1], noise=(noise, also))
    return [
        {
            "n": found.n,
            "classes": both[0].shape[1],
            "similarity": alike.value,
            "of_control": control.value,
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "p": found.p,
            "attainable": found.attainable,
        }
    ]


def similarity_chart(table: pd.DataFrame, comparisons: Sequence[str]) -> alt.FacetChart:
    """Noise-corrected similarity against density with its interval; grey lines: the controls.

    The table is that of `similarity`.
    """
    tooltip = [
        alt.Tooltip("comparison:N"),
        alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
        alt.Tooltip("mean:Q", title="similarity", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("classes:Q", title="motifs compared"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    names = {"all": "all nodes", "live": "live nodes"}
    panel = [
        f"order {order}, {names.get(support, support)}"
        for order, support in zip(table["order"], table["support"], strict=True)
    ]
    scale = alt.Scale(zero=False)
    y = alt.Y("mean:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4))
    chart = band_and_line(
        _apart(table.assign(panel=panel)),
        kept(title=""),
        y,
        comparisons,
        "comparison",
        tooltip,
        ends=("low", "high"),
        below=_controls(scale),
    )
    return panels_of(chart, sorted(set(panel)), "panel")


def _apart(table: pd.DataFrame) -> pd.DataFrame:
    """The controls in a column of their own: they are no comparison that the legend picks."""
    control = table["graphs"] != "networks"
    shown = table[~control | (table["comparison"] != BETWEEN)]
    hidden = {end: shown[end].mask(control) for end in ("mean", "low", "high")}
    return shown.assign(control=shown["mean"].where(control), **hidden)


def _controls(scale: alt.Scale) -> list[alt.Chart]:
    names = list(CONTROLS.values())
    dash = alt.StrokeDash(
        "graphs:N", scale=alt.Scale(domain=names, range=[[6, 3], [2, 3]]), legend=None
    )
    base = alt.Chart().transform_filter("isValid(datum.control)")
    base = base.encode(
        x=kept(title=""),
        y=alt.Y("control:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4)),
        detail="comparison:N",
        tooltip=[
            alt.Tooltip("graphs:N", title="random graphs with"),
            alt.Tooltip("comparison:N"),
            alt.Tooltip("density:Q", title="weights kept", format=".3~%"),
            alt.Tooltip("control:Q", title="similarity", format=".3f"),
            alt.Tooltip("n:Q", title="graphs"),
        ],
    )
    line = base.mark_line(color=RULE, strokeWidth=1.75).encode(strokeDash=dash)
    return [line, base.mark_point(color=RULE, size=18)]


def section(report: Report) -> Section:
    """Show how alike the networks are within and between conditions, and tests of it."""
    table, conditions = similarity_of(report), report.data.conditions
    if table.empty:
        return Section("alike", "How alike the networks are", [NOTHING])
    lead = [
        "The profile of a network is its vector of z, by order. Similarity is corrected for the "
        "null's noise: 1 if all networks have equal signals, whatever their strength over the "
        "noise. Unequal degrees alone make graphs alike, so two controls stand beside it; only "
        "what exceeds both is a motif profile."
    ]
    names = [*conditions, BETWEEN] if len(conditions) > 1 else list(conditions)
    controls = [name for name in CONTROLS.values() if name in set(table["graphs"])]
    reference = (
        " Grey: random graphs made for each network, by condition; dashed: "
        "unequal degrees alone, dotted: the same degrees."
        if controls
        else " These runs have no controls."
    )
    parts: list[Part] = [
        Figure(
            "similarity",
            "Noise-corrected similarity of significance profiles against density",
            f"Lines: mean over pairs of networks; bands: 95 % intervals over networks, none under "
            f"6 ({report.networks}). Only motifs defined in all networks are compared, at levels "
            f"where their signal is clear of noise. Null `layered`.{reference}",
            "Noise-corrected similarity of profiles against density, by order and support.",
            similarity_chart(table, names),
            table,
            panel=300,
            longest=max(report.longest, len(BETWEEN)),
        )
    ]
    return Section(
        "alike", "How alike the networks are", lead, parts=[*parts, *_test_tables(report)]
    )


def _test_tables(report: Report) -> list[Table]:
    table = control_tests_of(report)
    if table.empty:
        return []
    caption = (
        "Are networks more alike than random graphs made for each of them, all nodes? Unequal "
        "degrees alone: degrees vary by layer as the network's do. The same degrees: each node's "
        "own. Noise-corrected similarities, their difference with its 95 % interval and p. p are "
        "not corrected over rows: the levels are those of one set of networks."
    )
    return [Table("convergence_tests", caption, table, list(_TEST_COLUMNS))]
