"""The classes of motifs as the rows of a chart: their names, and a drawing beside each."""

from collections.abc import Iterator, Sequence

import altair as alt

from harness import motifs

ROOM = 42
"""Pixels that the column of drawings takes between names and chart."""
_GLYPH = 27  # pixels: the width of a drawing


def rows_of(order: Sequence[str], field: str = "motif", longest: int = 220) -> alt.Y:
    """Return the axis of classes, in this order, with room for `glyphs`.

    Names of more than `longest` pixels are cut.
    """
    labels = alt.Axis(domain=False, ticks=False, labelPadding=ROOM, grid=False, labelLimit=longest)
    return alt.Y(f"{field}:N", sort=list(order), title=None, axis=labels)


def glyphs(rows: alt.Y, order: Sequence[str], field: str = "motif") -> alt.Chart:
    """Draw each class beside its name. Names that the harness does not know have no drawing."""
    known = dict(_known(order))
    paths = alt.Scale(domain=list(known), range=list(known.values()))
    glyph = alt.Chart().transform_filter(alt.FieldOneOfPredicate(field=field, oneOf=list(known)))
    shape = alt.Shape(f"{field}:N", scale=paths, legend=None)
    return glyph.mark_point(
        filled=True, size=_GLYPH**2, opacity=1, color="currentColor", clip=False
    ).encode(y=rows, x=alt.value(-ROOM / 2), shape=shape)


def _known(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of classes, each with its drawing as a path."""
    layered = {one.name: one for number in (2, 3, 4) for one in motifs.classes(number)}
    for name in names:
        if name in layered:
            yield name, motifs.glyph(layered[name])
        elif motifs.named(name) is not None:
            yield name, motifs.digraph_glyph(name)
