"""The ways in which the study `published` counts motifs."""

import itertools
from collections.abc import Mapping, Sequence

LEVELS = (75, 85, 90, 93)
"""Percent pruned at which the effect of each quirk is measured."""
PUBLISHED = {
    "null": "published", "convention": "published", "support": "live-published", "bias": True,
}  # fmt: skip
"""How the published z-scores were taken, in the columns of the table `sampled`."""


def settings() -> list[dict[str, object]]:
    """Return every way of counting, the published one first.

    All combinations of null, convention, bias units and support, but for the null `published` on
    all nodes: it is drawn over live ones.
    """
    levels: Mapping[str, Sequence[object]] = {
        "null": ("published", "layered", "degree"),
        "convention": ("published", "copies"),
        "support": ("live-published", "all"),
        "bias": (True, False),
    }
    made = [
        dict(zip(levels, values, strict=True)) for values in itertools.product(*levels.values())
    ]
    return [one for one in made if one["null"] != "published" or one["support"] != "all"]
