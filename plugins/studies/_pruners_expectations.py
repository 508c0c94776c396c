"""What is expected of pruners, each with its source and the rule by which a run judges it.

Written and committed before the run that reports/pruners holds. All comparisons are of log10 of the
validation loss, network by network, at the densities of `SPARSE`.
"""

from dataclasses import dataclass
from typing import Literal

SPARSE = (0.1296, 0.07776, 0.046656, 0.027994, 0.02)
"""The densities that are judged: those with more than 85 % pruned."""

CHOSEN = 0.07776
"""The density at which motifs are shown: the nearest to the 93 % pruned of the published claims."""

MARGIN = 1.1
"""A loss up to 10 % larger counts as a small harm, and as at least as good."""

Direction = Literal["above", "not above", "open"]


@dataclass(frozen=True)
class Expectation:
    """A claim about the ratio of two losses, and how it is judged.

    `above`: held where the 95 % interval of the ratio of `first` to `second` lies above 1 at every
    density judged. `not above`: held where it lies below `MARGIN` at every one. `open`: nothing is
    expected. Where `beside` is given, the ratio is divided by that of these two.
    """

    name: str
    claim: str
    source: str
    first: str
    second: str
    direction: Direction
    beside: tuple[str, str] | None = None

    @property
    def pruners(self) -> tuple[str, ...]:
        """All pruners that it compares."""
        return (self.first, self.second, *(self.beside or ()))


ONE_SHOT = "one-shot"
"""Magnitude pruned once to each density, after the same dense level and with as many steps."""

EXPECTATIONS = (
    Expectation(
        "random",
        "Random pruning loses more than magnitude pruning at high sparsity.",
        "Blalock et al. 2020, arXiv 2003.03033; Gale, Elsen and Hooker 2019, arXiv 1902.09574",
        "random",
        "magnitude",
        "above",
    ),
    Expectation(
        "gradual",
        "Gradual magnitude pruning is at least as good as pruning once, with as many steps.",
        "Zhu and Gupta 2017, arXiv 1710.01878",
        "gmp",
        ONE_SHOT,
        "not above",
    ),
    Expectation(
        "shuffled_at_start",
        "Shuffling a mask found at initialisation within its layers hurts little.",
        "Frankle et al. 2021, arXiv 2009.08576, on image classifiers",
        "shuffled[of=snip]",
        "snip",
        "not above",
    ),
    Expectation(
        "shuffled_trained",
        "Shuffling a mask found by training hurts: beside the same mask with weights drawn anew, "
        "both trained from the start.",
        "Frankle et al. 2021, arXiv 2009.08576, on image classifiers",
        "shuffled",
        "reinitialised",
        "above",
    ),
    Expectation(
        "shuffled_more",
        "Shuffling hurts a mask found by training more than one found at initialisation.",
        "Frankle et al. 2021, arXiv 2009.08576, on image classifiers",
        "shuffled",
        "reinitialised",
        "above",
        beside=("shuffled[of=snip]", "snip"),
    ),
    Expectation(
        "lottery",
        "Rewinding against pruning once, with as many steps in all: which is better is open.",
        "Frankle et al. 2020, arXiv 1912.05671; Renda et al. 2020, arXiv 2003.02389",
        "lottery",
        ONE_SHOT,
        "open",
    ),
)

NEVER_COLLAPSES = "synflow"
"""Expected to keep a live edge in every layer at every density: Tanaka et al. 2020, arXiv
2006.05467, theorem 3."""

MAY_COLLAPSE = ("snip", "grasp", "magnitude[scope=global]")
"""Expected to empty a layer at some density, or at least able to: the same paper, section 3."""
