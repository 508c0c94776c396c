"""The rules that every statement of a study keeps, and the section of a page that says how."""

from collections.abc import Mapping

import pandas as pd

from harness.tables.parts import Column, Section, Table

RULES: Mapping[str, str] = {
    "replication": "A replicate shares neither start nor data with another; n counts replicates.",
    "similarity": "Similarity of profiles is corrected for noise and has an interval; raw cosines "
    "are not tested against depth of pruning.",
    "degrees": "Graphs with unequal degrees alone, and degree-preserving draws, stand beside "
    "what is called a motif profile.",
    "floors": "Nothing is compared where more than 10 % of replicates have 0.9 of the best "
    "constant predictor's loss or more; no single network is dropped.",
    "equivalence": "Sameness has a stated margin, at least 5 replicates on either side, and names "
    "everything that was compared.",
    "one procedure": "A sentence, its interval and its test come from one procedure.",
    "coverage": "Intervals cover at least 0.93 at n = 8, shown by simulation; else none is shown.",
    "calibration": "z counts as calibrated only over nodes fixed before looking, without shared "
    "weights and forbidden places.",
    "mixing": "Draws of the null `degree` are mixed, by a check of the number of trades.",
    "faithfulness": "A small version says where it differs from the published protocol.",
}
"""What each rule asks, by its name."""


def checklist(kept: Mapping[str, str]) -> Section:
    """Return the section that says, rule by rule, how the page keeps it.

    **Arguments:** `kept` has a sentence for every rule of `RULES`; where nothing on the page comes
    under a rule, it says why.

    **Errors:** ValueError if a rule is missing or unknown.
    """
    if wrong := set(kept) ^ set(RULES):
        raise ValueError(f"every rule is kept by name: {sorted(wrong)} are missing or unknown")
    rows = [(name, asked, kept[name]) for name, asked in RULES.items()]
    columns = ["rule", "asked", "here"]
    table = Table(
        "rules",
        "What a statement must satisfy, and how this page does.",
        pd.DataFrame(rows, columns=columns),
        [Column("rule", "rule", "text"), Column("asked", "what it asks", "text"),
         Column("here", "how it is kept here", "text")],
    )  # fmt: skip
    return Section("rules", "The rules of evidence, one by one", parts=[table])
