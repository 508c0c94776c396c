"""Masks as pictures: one network under every condition, as PNG images in the page."""

import base64
import struct
import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from harness.report.charts import RULE, slider
from harness.report.masks import identities, masks
from harness.tables.collection import Collection
from harness.tables.parts import Figure, pruned
from harness.tables.report import Report
from harness.tables.summaries import at, nearest
from harness.tables.units import named

MOST_CONDITIONS = 6

MOST_BYTES = 600_000
"""The largest size of all pictures, as text in the page; levels beyond it are left out."""

SHOWN_DENSITIES = (0.15, 0.5)
"""If there is room, the nearest levels are shown beside the chosen and the last one."""

_LARGEST = 512
_SMALLEST = 96

_INK = (0x3D, 0x87, 0xC9)
"""Visible on light and on dark paper; where there is no weight the paper shows."""


def pictures(data: Collection, density: float) -> pd.DataFrame:
    """Return the masks of one network: one row for each leaf, condition and level.

    The network is the first, by seed, data seed and number, that the first six conditions all have
    at the chosen level; without one the table is empty. `image` is a PNG as a data address, `kept`
    the edges of the leaf; `step` numbers the levels shown, from the densest on.
    """
    network = _common(data, density)
    if network is None:
        return pd.DataFrame()
    wanted = dict.fromkeys([density, data.densities[-1], *SHOWN_DENSITIES])
    parts: list[pd.DataFrame] = []
    for level in dict.fromkeys(nearest(data.densities, one) for one in wanted):
        table = _of_level(data, level, network)
        total = sum(int(part["image"].str.len().sum()) for part in [*parts, table] if len(part))
        if len(table) and (not parts or total <= MOST_BYTES):
            parts.append(table.assign(density=level, network=network[-1], pruned=pruned(level)))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    shown = sorted(table["density"].unique(), reverse=True)
    steps = table["density"].map({one: step for step, one in enumerate(shown)})
    return table.assign(step=steps.astype(int))


def _common(data: Collection, density: float) -> tuple[str, int, int] | None:
    """Return the first network that all conditions shown have at a level."""
    table = named(data, at(data.levels, density))
    wanted = data.conditions[:MOST_CONDITIONS]
    have = [identities(table[table["condition"] == name]) for name in wanted]
    common = set.intersection(*have) if have else set()
    return min(common) if common else None


def _of_level(data: Collection, density: float, network: tuple[str, int, int]) -> pd.DataFrame:
    """Return the pictures of one level: a row for each condition and leaf."""
    rows = []
    for condition, numbers, leaves in masks(data, density, only=network):
        row = int(np.flatnonzero(numbers == network[-1])[0])
        wires = {name: mask[row] for name, mask in leaves.items() if mask.ndim > 2}
        rows += [
            {"condition": condition, "leaf": name, "kept": int(matrix.sum()), "image": png(matrix)}
            for name, matrix in arranged(wires).items()
            if condition in data.conditions[:MOST_CONDITIONS]
        ]
    return pd.DataFrame(rows)


def arranged(leaves: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return masks as matrices (out, rest), with hidden units sorted by falling degree.

    A hidden unit's degree counts the edges into and out of it if one leaf follows the other, and
    those of its leaf alone if the shapes do not fit.
    """
    matrices = {name: mask.reshape(len(mask), -1) for name, mask in leaves.items()}
    names = list(matrices)
    for first, second in pairwise(names):
        before, after = matrices[first], matrices[second]
        into, out_of = before.sum(axis=1), after.sum(axis=0)
        if len(into) == len(out_of):
            into = out_of = into + out_of
        matrices[first] = before[np.argsort(-into, kind="stable")]
        matrices[second] = after[:, np.argsort(-out_of, kind="stable")]
    return matrices


def png(matrix: np.ndarray) -> str:
    """Return a mask as a PNG of one ink on a transparent ground, as a data address.

    A side over 512 is reduced to means of blocks, in 16 strengths of the ink; a short side is
    enlarged by repeating, so that browsers do not blur it.
    """
    blocks = [-(-side // _LARGEST) for side in matrix.shape]
    if max(blocks) > 1:
        strength = np.round(15 * _means(matrix, blocks)).astype(np.uint8)
        return _encoded(strength, bits=4)
    repeats = [max(1, -(-_SMALLEST // side)) for side in matrix.shape]
    large = np.repeat(np.repeat(matrix, repeats[0], axis=0), repeats[1], axis=1)
    return _encoded(large.astype(np.uint8), bits=1)


def _means(matrix: np.ndarray, blocks: Sequence[int]) -> np.ndarray:
    """Return means of blocks; blocks at the edge are smaller."""
    sums: np.ndarray = matrix.astype(float)
    sizes = np.ones(matrix.shape)
    for axis, block in enumerate(blocks):
        starts = np.arange(0, matrix.shape[axis], block)
        sums = np.add.reduceat(sums, starts, axis=axis)
        sizes = np.add.reduceat(sizes, starts, axis=axis)
    return sums / sizes


def _encoded(indices: np.ndarray, *, bits: int) -> str:
    """Return palette indices as a PNG: the last entry is the ink, the first transparent."""
    height, width = indices.shape
    spread = (indices[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(spread.reshape(height, -1), axis=1)
    filtered = np.pad(rows, ((0, 0), (1, 0)))  # a leading 0: the row is stored as it is
    entries = 2**bits
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)),
        (b"PLTE", bytes(_INK) * entries),
        (b"tRNS", bytes(255 * entry // (entries - 1) for entry in range(entries))),
        (b"IDAT", zlib.compress(filtered.tobytes(), 9)),
        (b"IEND", b""),
    )
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(parts)
    return "data:image/png;base64," + base64.b64encode(content).decode()


def masks_chart(table: pd.DataFrame, conditions: Sequence[str], *, step: int = 0) -> alt.LayerChart:
    """Chart one network's masks: rows are conditions, columns leaves, a slider picks the level.

    `table` is the result of `pictures`.
    """
    level, title = slider(table, step)
    leaves = list(dict.fromkeys(table["leaf"].astype(str)))
    axis = alt.Axis(domain=False, ticks=False, labelAngle=0, labelLimit=150)
    place: dict[str, Any] = {"title": None, "axis": axis}
    scale = alt.Scale(type="band", paddingInner=0.06, paddingOuter=0)
    base = alt.Chart().encode(
        x=alt.X("leaf:N", sort=leaves, scale=scale, **place),
        y=alt.Y("condition:N", sort=list(conditions), scale=scale, **place),
        tooltip=[
            alt.Tooltip("condition:N"),
            alt.Tooltip("leaf:N"),
            alt.Tooltip("kept:Q", title="edges"),
            alt.Tooltip("pruned:N", title="level"),
        ],
    )
    # A picture fills its place in the chart, whatever its shape and the width of the page.
    filled: dict[str, Any] = {
        "width": alt.expr("bandwidth('x')"),
        "height": alt.expr("bandwidth('y')"),
    }
    images = base.mark_image(aspect=False, **filled).encode(url="image:N")
    frames = base.mark_rect(filled=False, stroke=RULE, strokeWidth=0.6)
    chart = alt.LayerChart(data=table, layer=[images, frames], height=170 * len(conditions))
    return chart.transform_filter("datum.step === level").properties(title=title).add_params(level)


def mask_figures(report: Report) -> list[Figure]:
    """Show one network's masks under each condition, at a few levels, if they can be read."""
    table = pictures(report.data, report.density)
    if table.empty:
        return []
    conditions = report.data.conditions
    step = int(table.loc[table["density"] == report.density, "step"].iloc[0])
    left_out = len(conditions) - MOST_CONDITIONS
    more = f" The first {MOST_CONDITIONS} conditions." if left_out > 0 else ""
    return [
        Figure(
            "masks",
            f"Masks of network {table['network'].iloc[0]}",
            "One network as an example (n = 1), not an average, with a column for each leaf. "
            "Downwards: units that edges lead into; across: units that they come from. Ink: not "
            "pruned. Hidden units are sorted by their number of edges, as their order carries no "
            f"information. Pictures are stretched to equal size.{more} The slider picks the level.",
            "Pictures of one network's masks under each condition; the data hold their numbers of "
            "edges.",
            masks_chart(table, conditions[:MOST_CONDITIONS], step=step),
            table.drop(columns="image"),
            axis=110,
            longest=report.longest,
        )
    ]
