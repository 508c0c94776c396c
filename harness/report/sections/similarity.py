"""How alike networks are: noise-corrected similarity of their profiles, by level."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from harness import stats
from harness.report.charts import PRUNED, RULE, band_and_line, kept, panels_of
from harness.tables.collection import Collection
from harness.tables.parts import Column, Figure, Part, Section, Table
from harness.tables.report import NOTHING, Report, shared
from harness.tables.schema import Profile, selected, slug
from harness.tables.summaries import nearest
from harness.tables.units import units_of

BETWEEN = "between conditions"

TESTED_DENSITIES = (0.25, 0.15, 0.1, 0.07)
"""Similarity is tested at the levels nearest to 75, 85, 90 and 93 % pruned."""

_TESTED = (
    Column("control", "control", "text"),
    Column("n", "n", note="networks, each paired with its control"),
    Column("similarity", "networks"),
    Column("of_control", "controls"),
    Column("difference", "difference", note="jackknife: less its bias"),
    Column("low", "low"),
    Column("high", "high"),
    Column("p", "p", "p", note="two-sided, from the same procedure as the interval"),
    Column("attainable", "attainable p", "p", note="the smallest p possible with so many networks"),
)
_DASHES = {"dashed": [6, 3], "dotted": [2, 3], "dash-dotted": [6, 3, 2, 3], "long-dashed": [12, 4]}
"""Line styles of controls, in order."""


@shared
def similarity_of(report: Report) -> pd.DataFrame:
    """Return how alike networks are, by density."""
    return similarity(report.data)


@shared
def control_tests_of(report: Report) -> pd.DataFrame:
    """Return whether networks are more alike than the controls made for them."""
    return control_tests(report.data)


def profiles_of(data: Collection) -> dict[str, tuple[Profile, Mapping[str, str]]]:
    """Return the profiles that metrics mark, by metric, each with its controls and their names."""
    found: dict[str, tuple[Profile, Mapping[str, str]]] = {}
    for name, measured in data.measured.items():
        if (profile := measured.schema.profile) is not None:
            controls = measured.schema.controls.get(profile.kind, {})
            found[name] = profile, {kind: label for kind, label in controls.items() if label}
    return found


def similarity(data: Collection) -> pd.DataFrame:
    """Return noise-corrected similarity within each condition and between them, with intervals.

    One row for each metric that marks a profile, each group and kind of its vectors, level and
    comparison. A profile is the vector of the entries that are defined in all networks compared;
    `classes` counts them. `graphs` is "networks", or the name of a control made for them. Rows
    whose signal is not clear of noise are left out.
    """
    rows = []
    for metric, (profile, controls) in profiles_of(data).items():
        kinds = [("networks", kind, kind) for kind in profile.kinds]
        first = next(iter(profile.kinds))
        for graphs, label, kind in [*kinds, *((v, first, k) for k, v in controls.items())]:
            table = data.table(metric, controls=graphs != "networks")
            for place, wide in _by_level(data, table[table[profile.kind] == kind], profile):
                place = {"metric": metric, "graphs": graphs, profile.kind: label, **place}
                rows += [{**place, **row} for row in _rows(wide)]
    return pd.DataFrame([row for row in rows if np.isfinite(row["mean"])])


def _by_level(
    data: Collection, table: pd.DataFrame, profile: Profile
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yield each group and level, and the networks' profiles there: (networks, entries).

    The group and level are a mapping with the density and `later` of the level.
    """
    table = selected(table, profile.where)
    if table.empty:
        return
    place = ["density", "later", "condition", "trial", "network"]
    every = table.pivot_table(
        index=place, columns=profile.entry, values=profile.value, observed=True
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
    classes = table[[profile.group, profile.entry]].drop_duplicates()
    for (density, later), wide in every.groupby(level=["density", "later"]):
        for group, names in classes.groupby(profile.group, observed=True)[profile.entry]:
            known = [name for name in names if name in wide]
            where = {profile.group: group, "density": density, "later": later}
            yield where, wide.droplevel(["density", "later"])[known]


def _rows(wide: pd.DataFrame) -> list[dict[str, Any]]:
    """Return similarity within each condition and, if there are several, between them."""
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
    """Return the mean profile of each unit of replication, and the noise of such a mean."""
    if profiles.empty:
        return profiles, stats.EXACT
    units = units_of(profiles.index.to_frame(index=False))
    groups = profiles.groupby(level=["condition", "task", *units.keys], sort=False)
    return groups.mean(), stats.Noise(averaged=int(groups.size().min()))


def _profiles(wide: pd.DataFrame) -> pd.DataFrame:
    """Return the networks that have a profile, with the classes defined in all of them."""
    complete = wide.dropna(axis="index", how="all").dropna(axis="columns")
    # With one class, any two profiles are equal or opposite in direction.
    return complete if complete.shape[1] > 1 else complete.iloc[:0]


def _within(networks: pd.DataFrame) -> dict[str, Any]:
    profiles, noise = _by_unit(networks)
    return _row(stats.similarity_within(profiles.to_numpy(dtype=float), noise=noise), profiles)


def _row(found: stats.Interval, profiles: pd.DataFrame) -> dict[str, Any]:
    ends = {"mean": found.value, "low": found.low, "high": found.high}
    return {**ends, "n": found.n, "classes": profiles.shape[1]}


def control_tests(data: Collection) -> pd.DataFrame:
    """Test whether networks are more alike than the controls made for them, at a few levels.

    One row for each metric, level, group, condition and control. Profiles are of the first kind;
    each network is paired with its own control. `difference` is the similarity of the networks
    minus that of their controls, with interval and p from one procedure
    (`stats.similarity_difference`). Of levels of one density the last is tested.
    """
    levels = {nearest(data.densities, one) for one in TESTED_DENSITIES if data.densities}
    parts = []
    for metric, (profile, controls) in profiles_of(data).items():

        def tested(kind: str, *, controls: bool) -> dict[tuple[Any, ...], pd.DataFrame]:
            table = data.table(metric, controls=controls)  # noqa: B023
            table = table[table["density"].isin(levels) & (table["later"] == 0)]
            table = table[table[profile.kind] == kind]  # noqa: B023
            levels_of = _by_level(data, table, profile)  # noqa: B023
            return {tuple(place.items()): wide for place, wide in levels_of}

        rows = []
        networks = tested(next(iter(profile.kinds)), controls=False)
        for control, name in controls.items():
            for place, drawn in tested(control, controls=True).items():
                trained = networks.get(place, pd.DataFrame(index=pd.Index([], name="condition")))
                for condition, part in trained.groupby(level="condition", sort=False):
                    about = {"condition": condition, **dict(place), "control": name}
                    rows += [{"metric": metric, **about, **row} for row in _beside(part, drawn)]
        if rows:
            by, ascending = ["density", profile.group, "condition"], [False, True, True]
            parts.append(pd.DataFrame(rows).sort_values(by, ascending=ascending, kind="stable"))
    return pd.concat(parts) if parts else pd.DataFrame()


def _beside(trained: pd.DataFrame, drawn: pd.DataFrame) -> list[dict[str, Any]]:
    """Compare the networks of one condition with their controls: one row, or none."""
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


def similarity_chart(
    table: pd.DataFrame, comparisons: Sequence[str], profile: Profile, controls: Sequence[str]
) -> alt.FacetChart:
    """Chart noise-corrected similarity against density with its interval; grey: the controls.

    `table` is the result of `similarity`, for one metric.
    """
    tooltip = [
        alt.Tooltip("comparison:N"),
        PRUNED,
        alt.Tooltip("mean:Q", title="similarity", format=".3f"),
        alt.Tooltip("low:Q", title="interval from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("classes:Q", title=f"{profile.entry}s compared"),
        alt.Tooltip("n:Q", title="networks"),
    ]
    panel = [
        f"{profile.group} {group}, {profile.kinds.get(kind, kind)}"
        for group, kind in zip(table[profile.group], table[profile.kind], strict=True)
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
        below=_controls(scale, controls),
    )
    return panels_of(chart, sorted(set(panel)), "panel")


def _apart(table: pd.DataFrame) -> pd.DataFrame:
    """Move controls to a column of their own, because the legend does not pick them."""
    control = table["graphs"] != "networks"
    shown = table[~control | (table["comparison"] != BETWEEN)]
    hidden = {end: shown[end].mask(control) for end in ("mean", "low", "high")}
    return shown.assign(control=shown["mean"].where(control), **hidden)


def _controls(scale: alt.Scale, names: Sequence[str]) -> list[alt.Chart]:
    dashes = alt.Scale(domain=list(names), range=list(_DASHES.values()))
    dash = alt.StrokeDash("graphs:N", scale=dashes, legend=None)
    base = alt.Chart().transform_filter("isValid(datum.control)")
    base = base.encode(
        x=kept(title=""),
        y=alt.Y("control:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4)),
        detail="comparison:N",
        tooltip=[
            alt.Tooltip("graphs:N", title="random graphs with"),
            alt.Tooltip("comparison:N"),
            PRUNED,
            alt.Tooltip("control:Q", title="similarity", format=".3f"),
            alt.Tooltip("n:Q", title="graphs"),
        ],
    )
    line = base.mark_line(color=RULE, strokeWidth=1.75).encode(strokeDash=dash)
    return [line, base.mark_point(color=RULE, size=18)]


def section(report: Report) -> Section:
    """Show how alike the networks are within and between conditions, and tests of it."""
    table = similarity_of(report)
    if table.empty:
        return Section("alike", "How alike the networks are", [NOTHING])
    lead: list[str] = []
    parts: list[Part] = []
    for metric, (profile, controls) in profiles_of(report.data).items():
        rows = table[table["metric"] == metric]
        if len(rows):
            label = report.data.measured[metric].schema.value(profile.value).label or profile.value
            lead.append(
                f"The profile of a network is its vector of {label}, by {profile.group}. "
                "Similarity is corrected for the null's noise: 1 if all networks have equal "
                f"signals, whatever their strength over the noise. {profile.note}"
            )
            parts.append(_figure(report, metric, rows, profile, list(controls.values())))
            parts += _test_tables(report, metric, profile)
    return Section("alike", "How alike the networks are", lead, parts=parts)


def _named(report: Report, metric: str, name: str) -> str:
    """Return the name of a part, with the metric's if it is not the first."""
    first = next(iter(profiles_of(report.data)))
    return name if metric == first else f"{name}_{slug(metric)}"


def _figure(
    report: Report, metric: str, table: pd.DataFrame, profile: Profile, controls: Sequence[str]
) -> Figure:
    conditions = report.data.conditions
    names = [*conditions, BETWEEN] if len(conditions) > 1 else list(conditions)
    there = [name for name in controls if name in set(table["graphs"])]
    lines = [f"{dash}: {name}" for dash, name in zip(_DASHES, controls, strict=False)]
    reference = (
        f" Grey: random graphs made for each network, by condition; {', '.join(lines)}."
        if there
        else " These runs have no controls."
    )
    return Figure(
        _named(report, metric, "similarity"),
        "Noise-corrected similarity of profiles by % pruned",
        f"Lines: mean over pairs of networks; bands: 95 % intervals over networks, none below "
        f"6 ({report.networks}). Only {profile.entry}s defined in all networks are compared, at "
        f"levels where their signal is clear of noise.{reference}",
        f"Noise-corrected similarity of profiles by % pruned, by {profile.group} and "
        f"{profile.kind}.",
        similarity_chart(table, names, profile, controls),
        table,
        panel=300,
        longest=max(report.longest, len(BETWEEN)),
    )


def _test_tables(report: Report, metric: str, profile: Profile) -> list[Table]:
    table = control_tests_of(report)
    table = table[table["metric"] == metric] if len(table) else table
    if table.empty:
        return []
    caption = (
        "Are networks more alike than random graphs made for each of them, "
        f"{next(iter(profile.kinds.values()))}? Noise-corrected similarities, their difference "
        "with its 95 % interval and p. p is not corrected over rows: all levels use the same "
        "networks."
    )
    group = Column(profile.group, profile.group)
    columns = [Column("condition", "condition", "text"), Column("density", "pruned", "kept"), group]
    return [
        Table(_named(report, metric, "convergence_tests"), caption, table, [*columns, *_TESTED])
    ]
