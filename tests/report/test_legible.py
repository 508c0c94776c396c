"""Charts of many lines, names at the ends of lines, n in titles, few replicates, outliers."""

import numpy as np
import pandas as pd
import pytest
import vl_convert
from harness_plugins.metrics import _performance_sections as performance

from harness.report import charts, collect, legible
from harness.report.pages import vega
from harness.report.sections import losses
from harness.tables.parts import Figure

DENSITIES = (1.0, 0.3, 0.1, 0.05)


def loss_chart(fake_run, number, **settings):
    names = tuple(("moth", f"pruner {one}") for one in range(number))
    data = collect([fake_run(conditions=names, densities=DENSITIES, **settings)])
    return losses.loss_chart(validation(data), data.conditions)


def validation(data):
    table = losses.loss_by_density(data)
    return table[table["split"] == "validation"]


def drawn(chart):
    return vl_convert.vegalite_to_svg(vega.to_dict(chart), vl_version="6.4")


def layers_named(chart, name):
    return [layer for layer in chart.to_dict()["layer"] if layer.get("name") == name]


def test_many_lines_have_panels_with_all_others_in_grey_behind(fake_run):
    chart = loss_chart(fake_run, 9)
    spec = chart.to_dict()
    assert spec["facet"]["sort"] == [f"pruner {one}" for one in range(9)]
    grey = spec["spec"]["layer"][0]
    assert grey["mark"]["color"] == charts.RULE
    rows = pd.DataFrame(spec["datasets"][grey["data"]["name"]])
    own = chart.data
    assert len(rows) == len(own), "all lines, in every panel"
    assert drawn(chart).count(f'stroke="{charts.RULE}"') >= 9 * 9


def test_few_lines_share_a_panel(fake_run):
    assert "facet" not in loss_chart(fake_run, 8).to_dict()


def test_lines_are_named_at_their_ends_in_place_of_a_legend(fake_run):
    chart = loss_chart(fake_run, 5)
    (names,) = layers_named(chart, vega.ENDS)
    rows = pd.DataFrame(chart.to_dict()["datasets"][names["data"]["name"]])
    assert list(rows["condition"]) == [f"pruner {one}" for one in range(5)]
    assert set(rows["density"]) == {min(DENSITIES)}
    assert "role-legend" not in drawn(chart)
    last = chart.data[chart.data["density"] == min(DENSITIES)].set_index("condition")["median"]
    height = np.log10(rows.set_index("condition")["median"])
    assert list(height.sort_values().index) == list(last.sort_values().index)
    every = np.log10(chart.data[["median", "lower", "upper"]].to_numpy())
    assert height.sort_values().diff().min() > 0.06 * (every.max() - every.min()), "none overlap"


def test_long_names_and_many_panels_keep_the_legend(fake_run):
    names = (("moth", "a"), ("moth", "b" * (charts.LONGEST_LABEL + 1)))
    data = collect([fake_run(conditions=names, densities=DENSITIES)])
    chart = losses.loss_chart(validation(data), data.conditions)
    assert not layers_named(chart, vega.ENDS)
    assert "role-legend" in drawn(chart)


def test_labels_move_as_little_as_keeps_them_apart_and_inside():
    places = np.array([0.5, 0.51, 0.1, 1.0, 0.99])
    moved = legible.apart(places, 0.1)
    assert np.diff(np.sort(moved)).min() >= 0.1 - 1e-12
    assert moved.min() >= 0
    assert moved.max() <= 1 + 1e-12
    assert moved[2] == pytest.approx(0.1)
    assert list(np.argsort(moved)) == list(np.argsort(places))
    np.testing.assert_allclose(legible.apart(np.array([0.2, 0.9]), 0.1), [0.2, 0.9])


def test_titles_of_panels_say_n_from_the_data(fake_run):
    names = (("moth", "a"), ("moth", "b"))
    run = fake_run(conditions=names, densities=DENSITIES, networks=4)
    run.edit("performance", lambda t: t[(t["pruner"] == "a") | (t["network"] > 0)])
    data = collect([run])
    chart = performance.layers_chart(performance.layers(data), data.conditions, "edges")
    svg = drawn(chart)
    assert ">a, n = 4 networks<" in svg
    assert ">b, n = 3 networks<" in svg
    merits = performance.evaluations_chart(performance.evaluations(data), data.conditions)
    assert ">flight error x (cm), n = 3 to 4<" in drawn(merits), "names leave no room for more"


def test_units_that_a_table_names_are_those_of_its_n():
    table = pd.DataFrame(
        {"panel": ["p", "p"], "n": [6, 7], "unit": "data seeds, each with its own data"}
    )
    assert charts._counts(table, "panel", "network", 99) == {"p": ", n = 6 to 7 data seeds"}


def test_no_band_or_line_of_fewer_than_three(fake_run):
    chart = loss_chart(fake_run, 2, networks=2)
    svg = drawn(chart)
    assert svg.count('aria-roledescription="line mark"') == 0
    assert svg.count('aria-roledescription="area mark"') == 0
    assert svg.count('aria-roledescription="point"') == 2 * len(DENSITIES)
    assert "stand alone" in vega.caption(Figure("loss", "", "", "", chart, chart.data))
    enough = loss_chart(fake_run, 2, networks=3)
    assert drawn(enough).count('aria-roledescription="line mark"') == 2
    assert vega.caption(Figure("loss", "", "Said.", "", enough, enough.data)) == "Said."


def outlying(value, number=40):
    values = np.linspace(1.0, 2.0, number)
    values[3] = value
    return pd.DataFrame({"value": values, "low": values - 0.1, "high": values + 0.1, "n": 8})


COLUMNS = ("value", "low", "high")


def test_no_outlier_rules_an_axis():
    table = legible.clipped(outlying(500.0), COLUMNS, {})
    assert list(table.index[table["beyond"] != ""]) == [3]
    assert table["beyond"][3] == "above"
    assert table["value"].max() == pytest.approx(2.1), "the edge of the rest"
    assert table["value_exact"][3] == 500
    assert legible.notes(table) == " Arrows: 1 point beyond the axis."


@pytest.mark.parametrize(
    ("value", "scale"),
    [(4.0, {}), (500.0, {"domain": [0, 1]}), (8.0, {"type": "log"})],
    ids=["a quarter of the axis is left", "a given axis", "a log axis"],
)
def test_an_axis_that_shows_the_rest_stays(value, scale):
    table = outlying(value)
    assert legible.clipped(table, COLUMNS, scale).equals(table)


def test_few_rows_are_never_outliers():
    table = outlying(500.0, number=6)
    assert legible.clipped(table, COLUMNS, {}).equals(table)


def test_only_an_interval_reaches_beyond():
    table = outlying(1.5)
    table.loc[3, "high"] = 500.0
    table = legible.clipped(table, COLUMNS, {})
    assert table["cut"].sum() == 1
    assert legible.notes(table) == " 1 interval cut at the edge of the axis."


def test_panels_with_axes_of_their_own_are_clipped_alone():
    one, other = outlying(500.0).assign(panel="a"), outlying(1.5).assign(panel="b")
    table = pd.concat([one, other.assign(**{name: 100 * other[name] for name in COLUMNS})])
    table = legible.clipped(table, COLUMNS, {}, "panel")
    assert list(table["panel"][table["beyond"] != ""]) == ["a"]


def test_outliers_are_arrows_at_the_edge_with_their_values(fake_run):
    names = tuple(("moth", f"pruner {one}") for one in range(6))
    data = collect([fake_run(conditions=names)])
    table = validation(data)
    far = table.index[5]
    columns = ["median", "lower", "upper"]
    table.loc[far, columns] = 1e9 * table.loc[far, columns].astype(float)
    chart = losses.loss_chart(table, data.conditions)
    arrows = [part for part in drawn(chart).split("<path") if charts._ARROWS["above"] in part]
    print(arrows)
    assert "Arrows: 1 point" in vega.caption(Figure("loss", "", "", "", chart, table))
