"""The analyses of the study `published`, on tables made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from harness_plugins.studies import _published_answer as answer
from harness_plugins.studies import _published_counting as counting
from harness_plugins.studies import _published_profiles as profiles
from harness_plugins.studies import _published_quirks as quirks
from harness_plugins.studies import _published_tables as tables
from scipy import stats

from harness import UserError

LEVELS = (0.85, 0.15, 0.07)


class Made:
    """A run that is its tables."""

    path, notes = Path("made"), {}

    def __init__(self, **made):
        self._made = made
        self.experiment, self.provenance = {}, {}

    def trials(self):
        return pd.DataFrame()

    measurements = trials

    def masks(self, trial, level):
        raise UserError("no masks")

    def table(self, name):
        return self._made[name]

    def tables(self):
        return list(self._made)


def levels(losses):
    """`losses` by network: its training loss at each level."""
    rows = [
        {
            "data_seed": 0,
            "network": network,
            "density": density,
            "level": LEVELS.index(density),
            "train_loss": loss,
            "validation_loss": 2 * loss,
        }
        for network, own in enumerate(losses)
        for density, loss in zip(LEVELS, own, strict=True)
    ]
    return pd.DataFrame(rows)


def sampled(z, density=0.07, motif="diverge2", **how):
    settings = {**counting.PUBLISHED, **how}
    rows = [
        {"network": network, "density": density, "motif": motif, "base_layer": -1, "z": one}
        for network, one in enumerate(z)
    ]
    return pd.DataFrame(rows).assign(
        data_seed=0, log2_ratio=1.0, level=LEVELS.index(density), **settings
    )


def exact(profiles_of, density):
    """Exact z of networks, a row each, over four classes of order 2."""
    rows = [
        {"network": n, "motif": f"class{c}", "z": z, "density": density, "order": 2, "level": 0}
        for n, own in enumerate(profiles_of)
        for c, z in enumerate(own)
    ]
    return pd.DataFrame(rows).assign(support="all", bias=False, null="layered", base_layer=-1)


def test_a_network_counts_up_to_the_last_level_that_it_passes():
    run = Made(
        levels=levels([(1e-4, 1e-4, 1e-3), (1e-4, 9e-4, 2e-3), (1e-4, 2e-3, 9e-4), (1, 1, 1)])
    )
    assert tables.sparse_levels(run).to_dict() == {(0, 0): 93, (0, 1): 85, (0, 2): 93}
    shares = tables.passing({"run": run}).query("source == 'run'")
    assert dict(zip(shares["percent"], shares["share"], strict=True)) == {
        93: 0.5,
        85: 0.25,
        -1: 0.25,
    }
    chosen = tables.selected(tables.with_percent(sampled([1.0, 2.0, 3.0, 4.0])), run)
    assert chosen["z"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [(0.0, 0.5, "equivalent"), (3.0, 0.5, "different"), (0.9, 2.0, "open")],
)
def test_equivalence_is_of_the_whole_interval(shift, spread, verdict):
    theirs = tables.reference("zscores").set_index(["percent", "motif"]).loc[(93, "diverge2")]
    z = theirs["mean"] + theirs["sd"] * (shift + spread * np.linspace(-1.5, 1.5, 30))
    run = Made(levels=levels([(1e-4,) * 3] * 30), sampled=sampled(z))
    found = tables.against_published(run).set_index(["percent", "motif"]).loc[(93, "diverge2")]
    assert found["difference"] == pytest.approx(shift)
    assert found["verdict"] == verdict
    n = int(theirs["n"])
    published = stats.norm.ppf((np.arange(n) + 0.5) / n)
    published = (published - published.mean()) / published.std(ddof=1)
    welch = stats.ttest_ind(
        z, theirs["mean"] + theirs["sd"] * published, equal_var=False
    ).confidence_interval(0.9)
    assert found["low"] * theirs["sd"] == pytest.approx(welch.low)
    assert found["high"] * theirs["sd"] == pytest.approx(welch.high)


def compared(networks, **sampled_as):
    theirs = tables.reference("zscores").set_index(["percent", "motif"])
    z = {motif: theirs.loc[(93, motif), "mean"] for motif in ("diverge2", "bifan")}
    parts = [sampled(np.full(networks, mean), motif=motif) for motif, mean in z.items()]
    run = Made(levels=levels([(1e-4,) * 3] * networks), sampled=pd.concat(parts))
    return tables.against_published(run)


@pytest.mark.parametrize(("networks", "verdict"), [(4, "too few"), (5, "equivalent")])
def test_there_is_no_verdict_on_equivalence_under_five_networks(networks, verdict):
    found = compared(networks)
    main = found[found["percent"] == 93].set_index("motif")["verdict"]
    assert main["diverge2"] == main["bifan"] == verdict
    assert main["chain2_pairs"] == "too few", "nothing of ours"


def test_equivalence_says_its_margin_and_names_every_quantity():
    said = answer.reproduced(compared(30))
    assert "2 of 24 mean z-scores (8 classes at 85, 90 and 93 % pruned)" in said.claim
    assert "within a margin of one published standard deviation" in said.claim
    assert "standard errors of the difference" in said.claim
    assert "Equivalent: `diverge2` at 93 %; `bifan` at 93 %" in said.detail
    assert "22 without a verdict" in said.detail


def test_a_plateau_counts_each_network_once():
    rows = pd.concat([sampled([1.0, 2.0]), sampled([3.0, 5.0]).assign(level=9)])
    assert tables.with_percent(rows)["z"].tolist() == [3.0, 5.0]


def test_fewer_chains_from_one_layer_are_said_beside_their_sum():
    row = {"ensemble": "published", "support": "all", "motif": "chain2", "log2_ratio": 0.1}
    low_high = {"low": -6.3, "high": -4.5, "z": -5.4}
    table = pd.DataFrame(
        [
            {**row, "base_layer": -1, "z": 1.0, "low": -1.0, "high": 3.0},
            {**row, "base_layer": 0, "z": 1.9, "low": 1.1, "high": 2.5},
            {**row, "base_layer": 2, **low_high},
        ]
    )
    (found,) = answer.chains(table, pd.DataFrame(columns=["quirk", "motif"]), 93)
    assert "nowhere" not in found.claim
    assert "not as a sum over layers" in found.claim
    assert "fewer than expected from layer 2 (`published` on all nodes −5.4)" in found.claim
    (kept,) = answer.chains(table.head(1), pd.DataFrame(columns=["quirk", "motif"]), 93)
    assert "Counts by layer are not in these tables." in kept.claim


def test_a_quirk_is_measured_within_networks_alone_and_in_every_setting_of_the_others():
    pairs, layered = {"motif": "chain2_pairs"}, {"null": "layered"}
    mended = {"convention": "copies", "motif": "chain2"}
    run = Made(
        sampled=pd.concat(
            [
                sampled([10.0, 20.0, 40.0], **pairs),
                sampled([11.0, 22.0], **mended),
                sampled([5.0, 5.0], **pairs, **layered),
                sampled([9.0, 10.0], **mended, **layered),
            ]
        )
    )
    others = [name for trained in quirks.TRAINED.values() for pair in trained for name in pair]
    runs = {name: Made(sampled=sampled([1.0], motif="bifan")) for name in others}
    found = quirks.effects({**runs, "published": run})
    chains = found[found["motif"] == "chain2"].set_index("quirk")
    row = chains.loc["chains and converge3 counted as copies"]
    assert (row["percent"], row["n"], row["settings"]) == (93, 2, 2)
    assert (row["with_quirk"], row["mended"], row["difference"]) == (15.0, 16.5, 1.5)
    # Changes of the two networks: 1 and 2 under `published`, 4 and 5 under `layered`.
    assert (row["mean_difference"], row["least"], row["most"]) == (3.0, 1.5, 4.5)
    row = chains.loc["null `layered` for `published`"]
    assert (row["difference"], row["least"], row["most"]) == (-10.0, -10.0, -7.0)
    assert len(chains) == 2


def test_a_quirk_of_pruning_is_taken_with_the_other_and_without():
    z = {"published": 10.0, "no-regrowth": 13.0, "own-cutoff": 11.0, "mended": 18.0}
    runs = {name: Made(sampled=sampled([one] * 3, motif="bifan")) for name, one in z.items()}
    found = quirks.effects(runs).set_index("quirk")
    row = found.loc["pruned weights stay pruned"]
    assert (row["difference"], row["least"], row["most"]) == (3.0, 3.0, 7.0)
    row = found.loc["biases cut by their own magnitudes"]
    assert (row["difference"], row["least"], row["most"]) == (1.0, 1.0, 5.0)
    assert found.loc["both (`magnitude`)", "difference"] == 8.0


def test_every_setting_that_differs_in_one_quirk_is_measured_once():
    made = counting.settings()
    assert made[0] == dict(counting.PUBLISHED)
    assert len({tuple(sorted(one.items())) for one in made}) == len(made) == 20


def rise(before, after):
    run = Made(motifs=pd.concat([exact(before, 0.85), exact(after, 0.07)]))
    (row,) = profiles.rises({"run": run}, 15, 93).to_dict("records")
    return row


def test_convergence_is_found_where_directions_agree_and_not_where_signals_grow():
    rng = np.random.default_rng(0)
    apart, common = 20 * rng.normal(size=(12, 4)), np.array([9.0, -5.0, 4.0, 7.0])
    together = 2 * common + rng.normal(size=(12, 4))
    found = rise(apart, together)
    assert found["low"] > 0
    assert found["p"] < 0.05
    assert found["similarity_last"] == pytest.approx(1, abs=0.1)
    assert rise(together, apart)["high"] < 0
    growing = common + rng.normal(size=(12, 4))
    assert rise(growing, together)["p"] > 0.05
    assert found["n"] == 12


def test_networks_are_compared_with_their_own_controls():
    rng = np.random.default_rng(1)
    common = np.array([9.0, -5.0, 4.0, 7.0])
    own = exact(2 * common + rng.normal(size=(12, 4)), 0.07)
    drawn = exact(2 * common + rng.normal(0, 8, size=(12, 4)), 0.07)
    found = profiles.beside(
        {"run": Made(motifs=pd.concat([own, drawn.assign(support="degree-drawn")]))}, 93
    )
    (row,) = found.to_dict("records")
    assert row["control"] == "the same degrees"
    assert row["similarity"] > row["of_control"]
    assert profiles.beside({"run": Made(motifs=own)}, 93).empty


def test_one_network_has_no_convergence():
    run = Made(motifs=exact(np.ones((1, 4)), 0.07))
    assert profiles.rises({"run": run}, 15, 93).empty
