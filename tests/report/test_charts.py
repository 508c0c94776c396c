"""Every figure: a valid Vega-Lite chart that Vega draws, from names of any kind."""

import altair as alt
import pytest
import vl_convert

from harness.report import _similarity, _source, _summaries, charts

AWKWARD = ("magnitude", "a.b[c]:Q'\"<script>")


@pytest.fixture(params=[AWKWARD[:1], AWKWARD], ids=["one", "two"])
def data(request, fake_run):
    return _source.collect([fake_run(conditions=tuple(("moth", name) for name in request.param))])


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
