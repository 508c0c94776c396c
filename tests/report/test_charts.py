"""Every figure: a valid Vega-Lite chart that Vega draws, from names of any kind."""

import altair as alt
import pytest
import vl_convert
from harness_plugins.metrics import _motifs_levels as motif_levels
from harness_plugins.metrics import _motifs_nulls as motif_nulls
from harness_plugins.metrics import _motifs_sections as motifs
from harness_plugins.metrics import _performance_sections as layers
from harness_plugins.metrics import _performance_sections as performance
from harness_plugins.metrics._motifs_tables import motif_order, trained

from harness.report import Report, charts, collect, pruner_comparison
from harness.report.sections import (
    fronts,
    losses,
    mask_pictures,
    matched,
    of_metrics,
    paired_differences,
    ranks,
    similarity,
    wiring,
)
from harness.tables import parts, summaries

AWKWARD = ("magnitude", "a.b[c]:Q'\"<script>")


@pytest.fixture(params=[AWKWARD[:1], AWKWARD], ids=["one", "two"])
def data(request, fake_run):
    return collect([fake_run(conditions=tuple(("moth", name) for name in request.param))])


def paired(data, order):
    table = paired_differences.differences(data, 0.07)
    if table.empty:
        return {}
    z = table["kind"] == "z"
    names = list(table["comparison"].unique())
    return {
        "forest": paired_differences.paired_family_chart(table[z], order, "z"),
        "differences": paired_differences.paired_quantities_chart(table[~z], names),
    }


def of_each(data, summarised):
    """The table of a summary of every comparison, and the pruners."""
    comparisons = pruner_comparison.pruner_comparisons(data)
    names = list(dict.fromkeys(label for comparison in comparisons for label in comparison.pruners))
    return pruner_comparison.by_task(comparisons, summarised), names


def similarity_chart(data):
    profile, controls = similarity.profiles_of(data)["motifs"]
    table = similarity.similarity(data)
    return similarity.similarity_chart(table, data.conditions, profile, list(controls.values()))


def heat_map_chart(data, conditions=None, step=0):
    one = data.families[-1]
    cells = of_metrics.cells(of_metrics.by_level(one), one.signs, one.label)
    names = conditions or data.conditions
    return of_metrics.heat_map_chart(cells, names, one.order, one.signs, one.label, step=step)


def of_pruners(data):
    return {
        "matched loss": matched.matched_loss_chart(*of_each(data, matched.at_effective_density)),
        "matched density": matched.matched_density_chart(*of_each(data, matched.at_loss)),
        "ranks": ranks.ranks_chart(*of_each(data, ranks.ranks)),
        "loss front": fronts.loss_front_chart(*of_each(data, fronts.loss_front)),
        "cost front": fronts.cost_front_chart(*of_each(data, lambda c: fronts.cost_front(c, data))),
    }


def figures(data):
    conditions, order = data.conditions, motif_order(trained(data))
    by_level = losses.loss_by_density(data)
    by_density = motifs.motif_by_density(data)
    by_layer = layers.layers(data)
    return {
        "loss": losses.loss_chart(by_level, conditions),
        "effective": losses.loss_chart(by_level, conditions, against="effective_density"),
        "evaluations": performance.evaluations_chart(performance.evaluations(data), conditions),
        "z": motifs.motifs_chart(by_density, conditions, order),
        "log2": motifs.motifs_chart(by_density, conditions, order, statistic="log2_ratio"),
        "nulls": motif_nulls.chart(
            motif_nulls.by_null(Report(data), motifs.significance(data, 0.07)), conditions, order
        ),
        "similarity": similarity_chart(data),
        "heat map": heat_map_chart(data),
        "quantities": of_metrics.against_density(Report(data), data.families[-1]).chart,
        "profile": motif_levels.profile_chart(
            motif_levels.profiles(data), conditions, motif_levels.axis(trained(data))
        ),
        "degrees": wiring.degrees_chart(wiring.degrees(data, 0.07), conditions),
        "masks": mask_pictures.masks_chart(mask_pictures.pictures(data, 0.07), conditions, step=1),
        **paired(data, order),
        **(of_pruners(data) if len(conditions) > 1 else {}),
        "edges": layers.layers_chart(by_layer, conditions, "edges"),
        "live nodes": layers.layers_chart(by_layer, conditions, "live nodes"),
    }


@pytest.mark.slow
def test_charts_are_valid_and_drawn(data):
    for chart in figures(data).values():
        spec = chart.to_dict()
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert "<svg" in svg
        assert "NaN" not in svg
        for name in data.conditions[1:]:
            assert "script>" not in svg.replace("&lt;script&gt;", ""), name


def test_large_z_gets_a_symmetric_logarithmic_axis(data):
    table = motifs.motif_by_density(data)
    large = table.assign(**{end: 100 * table[end] for end in ("mean", "lower", "upper")})
    order = motif_order(trained(data))
    chart = motifs.motifs_chart(large, data.conditions, order)
    assert isinstance(chart, alt.FacetChart)
    assert "symlog" in chart.to_json()
    assert "symlog" not in motifs.motifs_chart(table, data.conditions, order).to_json()


def test_conditions_beyond_the_palette_still_get_a_colour(fake_run):
    names = tuple(("moth", f"pruner {number}") for number in range(10))
    data = collect([fake_run(conditions=names, networks=2, densities=(1.0, 0.1))])
    spec = losses.loss_chart(losses.loss_by_density(data), data.conditions).to_dict()
    assert "<svg" in vl_convert.vegalite_to_svg(spec, vl_version="6.4")


def test_a_slider_starts_at_the_chosen_level_and_says_which_it_is(data):
    table = summaries.stepped(of_metrics.by_level(data.families[-1]))
    densities = list(table.groupby("step")["density"].first())
    assert densities == sorted(densities, reverse=True)
    assert 1.0 not in densities, "z is undefined there"
    for chart in (
        motif_levels.profile_chart(
            motif_levels.profiles(data), data.conditions, motif_levels.axis(trained(data)), step=7
        ),
        heat_map_chart(data, conditions=(*data.conditions, "another"), step=7),
    ):
        spec = chart.to_dict()
        (level,) = (param for param in spec["params"] if param["name"] == "level")
        assert (level["value"], level["bind"]["max"]) == (7, len(densities) - 1)
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert f"{parts.pruned(densities[7])}" in svg
        assert parts.pruned(densities[6]) not in svg


def test_each_task_with_several_pruners_has_a_panel(fake_run):
    names = tuple((task, pruner) for task in ("moth", "digits") for pruner in AWKWARD)
    data = collect([fake_run(conditions=names, networks=3)])
    for chart in of_pruners(data).values():
        assert isinstance(chart, alt.FacetChart)
        assert set(chart.data["task"]) == {"moth", "digits"}
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict(), vl_version="6.4")


def test_the_front_is_ringed(fake_run):
    run = fake_run(conditions=(("moth", "a"), ("moth", "b")))
    data = collect([run])
    table, names = of_each(data, fronts.loss_front)
    svg = vl_convert.vegalite_to_svg(
        fronts.loss_front_chart(table, names).to_dict(), vl_version="6.4"
    )
    ringed = svg.count(f'stroke="{charts.RULE}" stroke-width="1.5"')
    assert ringed == table["front"].sum() > 0
