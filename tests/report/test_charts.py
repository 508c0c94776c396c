"""Every figure: a valid Vega-Lite chart that Vega draws, from names of any kind."""

import altair as alt
import pytest
import vl_convert

from harness.report import (
    _contests,
    _fronts,
    _levels,
    _matched,
    _pairs,
    _pictures,
    _ranks,
    _similarity,
    _source,
    _summaries,
    _wiring,
    charts,
)
from harness.report.pages import parts

AWKWARD = ("magnitude", "a.b[c]:Q'\"<script>")


@pytest.fixture(params=[AWKWARD[:1], AWKWARD], ids=["one", "two"])
def data(request, fake_run):
    return _source.collect([fake_run(conditions=tuple(("moth", name) for name in request.param))])


def paired(data, order):
    table = _pairs.comparisons(data, 0.07)
    if table.empty:
        return {}
    z = table["kind"] == _pairs.Z
    names = list(table["comparison"].unique())
    return {
        "forest": charts.paired_motifs(table[z], order),
        "differences": charts.paired_quantities(table[~z], names),
    }


def contested(data, summarised):
    """The table of a summary of every contest, and the pruners."""
    contests = _contests.contests(data)
    names = list(dict.fromkeys(label for contest in contests for label in contest.pruners))
    return _contests.by_task(contests, summarised), names


def of_pruners(data):
    return {
        "matched loss": charts.matched_loss(*contested(data, _matched.at_effective_density)),
        "matched density": charts.matched_density(*contested(data, _matched.at_loss)),
        "ranks": charts.ranks(*contested(data, _ranks.ranks)),
        "loss front": charts.loss_front(*contested(data, _fronts.loss_front)),
        "cost front": charts.cost_front(*contested(data, lambda c: _fronts.cost_front(c, data))),
    }


def figures(data):
    conditions, order = data.conditions, _summaries.motif_order(data.motifs)
    losses = _summaries.loss_by_density(data)
    motifs = _summaries.motif_by_density(data)
    layers = _summaries.layers(data)
    return {
        "loss": charts.loss(losses, conditions),
        "effective": charts.loss(losses, conditions, against="effective_density"),
        "evaluations": charts.evaluations(_summaries.evaluations(data), conditions),
        "z": charts.motifs(motifs, conditions, order),
        "log2": charts.motifs(motifs, conditions, order, statistic="log2_ratio"),
        "significance": charts.significance(_summaries.significance(data, 0.07), conditions, order),
        "similarity": charts.similarity(_similarity.similarity(data), conditions),
        "heat map": charts.heatmap(_levels.mean_z(motifs), conditions, order),
        "profile": charts.profile(_levels.profiles(data), conditions, _levels.axis(data.motifs)),
        "degrees": charts.degrees(_wiring.degrees(data, 0.07), conditions),
        "masks": charts.masks(_pictures.pictures(data, 0.07), conditions, step=1),
        **paired(data, order),
        **(of_pruners(data) if len(conditions) > 1 else {}),
        "edges": charts.layers(layers, conditions, "edges"),
        "live nodes": charts.layers(layers, conditions, "live nodes"),
    }


def test_charts_are_valid_and_drawn(data):
    for chart in figures(data).values():
        spec = chart.to_dict()
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert "<svg" in svg
        assert "NaN" not in svg
        for name in data.conditions[1:]:
            assert "script>" not in svg.replace("&lt;script&gt;", ""), name


def test_large_z_gets_a_symmetric_logarithmic_axis(data):
    table = _summaries.motif_by_density(data)
    large = table.assign(**{end: 100 * table[end] for end in ("mean", "lower", "upper")})
    order = _summaries.motif_order(data.motifs)
    chart = charts.motifs(large, data.conditions, order)
    assert isinstance(chart, alt.FacetChart)
    assert "symlog" in chart.to_json()
    assert "symlog" not in charts.motifs(table, data.conditions, order).to_json()


def test_conditions_beyond_the_palette_still_get_a_colour(fake_run):
    names = tuple(("moth", f"pruner {number}") for number in range(10))
    data = _source.collect([fake_run(conditions=names, networks=2, densities=(1.0, 0.1))])
    spec = charts.loss(_summaries.loss_by_density(data), data.conditions).to_dict()
    assert "<svg" in vl_convert.vegalite_to_svg(spec, vl_version="6.4")


def test_a_slider_starts_at_the_chosen_level_and_says_which_it_is(data):
    table = _levels.mean_z(_summaries.motif_by_density(data))
    densities = _levels.steps(table)
    assert densities == sorted(densities, reverse=True)
    assert 1.0 not in densities, "z is undefined there"
    for chart in (
        charts.profile(_levels.profiles(data), data.conditions, _levels.axis(data.motifs), step=7),
        charts.heatmap(table, (*data.conditions, "another"), ["bifan"], step=7),
    ):
        spec = chart.to_dict()
        (level,) = (param for param in spec["params"] if param["name"] == "level")
        assert (level["value"], level["bind"]["max"]) == (7, len(densities) - 1)
        svg = vl_convert.vegalite_to_svg(spec, vl_version="6.4")
        assert f"{parts.pruned(densities[7])}" in svg
        assert parts.pruned(densities[6]) not in svg


def test_each_task_with_several_pruners_has_a_panel(fake_run):
    names = tuple((task, pruner) for task in ("moth", "digits") for pruner in AWKWARD)
    data = _source.collect([fake_run(conditions=names, networks=3)])
    for chart in of_pruners(data).values():
        assert isinstance(chart, alt.FacetChart)
        assert set(chart.data["task"]) == {"moth", "digits"}
        assert "<svg" in vl_convert.vegalite_to_svg(chart.to_dict(), vl_version="6.4")


def test_the_front_is_ringed(fake_run):
    run = fake_run(conditions=(("moth", "a"), ("moth", "b")))
    data = _source.collect([run])
    table, names = contested(data, _fronts.loss_front)
    svg = vl_convert.vegalite_to_svg(charts.loss_front(table, names).to_dict(), vl_version="6.4")
    ringed = svg.count(f'stroke="{charts.RULE}" stroke-width="1.5"')
    assert ringed == table["front"].sum() > 0
