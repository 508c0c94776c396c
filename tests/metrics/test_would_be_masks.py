"""Would-be masks: against sorting by hand, at every moment that a schedule keeps."""

import numpy as np
import pytest

import harness
from harness import UserError

PLUGIN = '''
from dataclasses import dataclass
from typing import ClassVar

import optax

from harness import AbstractSchedule, Level, hookimpl


@dataclass(frozen=True)
class Watched(AbstractSchedule):
    """Two prunings, with snapshots within levels."""

    name: ClassVar[str] = "watched"
    batch_size: int = 32

    def levels(self):
        return (Level(1.0, 30, snapshots=(0, 10)), Level(0.5, 20, snapshots=(5,)), Level(0.1, 20))

    def optimizer(self):
        return optax.adam(1e-2)


@hookimpl
def register_schedules():
    return [Watched]
'''


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    (folder / "watched.py").write_text(PLUGIN)
    return harness.run(
        "digits", "magnitude", architecture="mlp[sizes=[16,12]]", schedule="watched", networks=2,
        metrics=["would-be-masks", "would-be-masks[density=0.3,of=random]",
                 'would-be-masks[of="magnitude[scope=global]"]', "would-be-masks[of=wanda]"],
        block_width=2, out=folder / "run", plugins=[folder / "watched.py"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def table(run):
    assert set(run.trials()["status"]) == {"done"}
    table = run.table("would-be-masks")
    return dict(list(table.groupby("metric")))


def test_each_moment_is_there_and_the_end_is_the_final_mask(table):
    rows = table["would-be-masks"]
    moments = rows[["level", "step"]].drop_duplicates().to_numpy().tolist()
    assert moments == [[0, 0], [0, 10], [0, -1], [1, 5], [1, -1], [2, -1]]
    last = rows[rows["level"] == 2]
    assert (last["jaccard"] == 1).all()
    assert (last["chance"] == 1).all(), "nothing else is left to choose"


def test_overlaps_are_those_of_the_largest_weights(run, table):
    rows = table["would-be-masks"].set_index(["level", "step", "leaf", "network"])
    (key,) = run.trials()["trial"]
    final = run.masks(key, 2)
    for level, step in ((0, 0), (0, 10), (1, 5), (1, None)):
        there = run.masks(key, level, **({} if step is None else {"step": step}))
        weights = kept_of(run, key, level, step)
        both_of_all = sizes_of_all = 0
        for leaf, mask in final.items():
            mask = np.asarray(mask)
            for network in range(2):
                size = np.abs(weights[leaf][network]).ravel()
                keep = int(mask[network].sum())
                now = np.zeros(size.size, bool)
                now[np.argsort(-size)[:keep]] = True
                both = (now & mask[network].ravel()).sum()
                row = rows.loc[(level, -1 if step is None else step, leaf, network)]
                assert row["jaccard"] == pytest.approx(both / (2 * keep - both))
                assert row["kept"] == keep
                expected = keep * keep / np.asarray(there[leaf])[network].sum()
                assert row["chance"] == pytest.approx(expected / (2 * keep - expected))
                if network == 0:
                    both_of_all += both
                    sizes_of_all += 2 * keep
        whole = rows.loc[(level, -1 if step is None else step, "all", 0)]
        assert whole["jaccard"] == pytest.approx(both_of_all / (sizes_of_all - both_of_all))


def kept_of(run, key, level, step):
    from harness.results import snapshot

    path = snapshot.level_path(run.path / "trials" / key, level)
    return snapshot.load(snapshot.at_step(path, step)).weights


def test_overlap_grows_with_training_and_random_choices_are_at_chance(table):
    rows = table["would-be-masks"]
    whole = rows[rows["leaf"] == "all"].groupby(["level", "step"])["jaccard"].mean()
    assert whole[0, 0] < whole[0, 10] < whole[0, -1] < whole[1, -1]
    random = table["would-be-masks[of=random, density=0.3]"]
    first = random[(random["level"] == 0) & (random["leaf"] == "all")]
    assert np.abs(first["jaccard"] - first["chance"]).max() < 0.05
    assert first["kept"].unique().tolist() == [round(0.3 * 1336)]


def test_a_pruner_that_needs_what_snapshots_lack_is_refused(registry):
    with pytest.raises(UserError, match="sums over steps"):
        registry.make("metric", harness.plugin.parameters.parse("would-be-masks[of=ste]")[0])


@pytest.mark.slow
def test_the_schedule_snapshots_keeps_moments_and_trains_as_the_other(tmp_path):
    of = "oneshot[density=0.2,steps=60]"
    run = harness.run(
        "digits", "magnitude", architecture="mlp[sizes=[16,12]]", networks=2, block_width=2,
        schedule=[of, f'snapshots[of="{of}",number=3]'], metrics=["would-be-masks"],
        out=tmp_path / "run",
    )  # fmt: skip
    table = run.table("would-be-masks")
    plain, watched = (table[table["schedule"].str.startswith(name)] for name in ("one", "snap"))
    dense = watched.loc[watched["level"] == 0, "step"].unique().tolist()
    first = int(run.table("levels").set_index("level").loc[0, "steps"].iloc[0])
    assert dense == [0, first // 3, 2 * first // 3, -1]
    assert plain["step"].unique().tolist() == [-1]
    ends = watched[watched["step"] == -1]
    np.testing.assert_array_equal(ends["jaccard"], plain["jaccard"])
