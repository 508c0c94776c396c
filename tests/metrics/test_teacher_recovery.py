"""The metric `teacher-recovery`: its matching by brute force, its control, its chance."""

import itertools

import numpy as np
import pytest
from harness_plugins.metrics import _teacher_matching as matching
from harness_plugins.metrics.teacher_recovery import TeacherRecovery
from harness_plugins.tasks.teacher import Teacher

import harness
from harness import layered, motifs

pytestmark = pytest.mark.slow

TASK = "teacher[sizes=[10, 8], fan_in=3, rows=2000]"
RUN = {"schedule": "oneshot[density=0.35, steps=200]", "networks": 3, "pruners": "magnitude"}


def relabelled(network, rng):
    """The same function: hidden units at other places, some with their sign changed."""
    layers = [layer.copy() for layer in network]
    for place in range(1, len(layers)):
        order = rng.permutation(len(layers[place - 1]))
        signs = rng.choice([-1.0, 1.0], len(order))
        layers[place - 1] = layers[place - 1][order] * signs[:, None]
        layers[place] = layers[place][:, order] * signs
    return layers


def every_relabelling(network):
    sizes = [len(layer) for layer in network[:-1]]
    choices = [
        [(order, signs) for order in itertools.permutations(range(size))
         for signs in itertools.product([-1.0, 1.0], repeat=size)]
        for size in sizes
    ]  # fmt: skip
    for chosen in itertools.product(*choices):
        layers = [layer.copy() for layer in network]
        for place, (order, signs) in enumerate(chosen, start=1):
            layers[place - 1] = layers[place - 1][list(order)] * np.array(signs)[:, None]
            layers[place] = layers[place][:, list(order)] * np.array(signs)
        yield layers


@pytest.mark.parametrize("sizes", [(5, 4, 3), (3, 3, 2, 2)], ids=["one hidden", "two hidden"])
def test_the_matching_is_the_best_of_all_relabellings(sizes):
    rng = np.random.default_rng(0)
    reached = []
    for _ in range(10):
        teacher, student = (
            [rng.standard_normal((b, a)) for a, b in itertools.pairwise(sizes)] for _ in range(2)
        )
        best = max(matching.cosine(teacher, one) for one in every_relabelling(student))
        found = matching.cosine(teacher, matching.matched(teacher, student))
        assert found <= best + 1e-9
        reached.append(np.isclose(found, best))
    # One hidden layer is a linear assignment; two are climbed in turns, to a local maximum.
    assert sum(reached) == 10 if len(sizes) == 3 else sum(reached) >= 7


def test_a_relabelled_teacher_is_recovered_whole():
    rng = np.random.default_rng(1)
    teacher = [weight.astype(float) for weight in Teacher().weights(seed=2).values()]
    student = relabelled(teacher, rng)
    assert matching.cosine(teacher, student) < 0.5
    for one, two in zip(teacher, matching.matched(teacher, student), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    run = harness.run(
        TASK, RUN["pruners"], architecture=["mlp", f"near-teacher[of={TASK}]"],
        schedule=RUN["schedule"], networks=RUN["networks"], metric="teacher-recovery[draws=60]",
        out=tmp_path_factory.mktemp("run") / "run",
    )  # fmt: skip
    table = run.table("teacher-recovery")
    return dict(list(table.groupby(table["architecture"].str[:3])))


def test_the_positive_control_is_recovered_above_chance(tables):
    last = tables["nea"].query("layer == -1").query("level == level.max()")
    # A distance is between 0 and 2, some 1 ± 0.4 by chance: its z cannot be far below -2.5.
    for measure, sign, least in (("edges", 1, 4), ("weights", 1, 4), ("profile", -1, 1.5)):
        rows = last[last["measure"] == measure]
        assert len(rows) == RUN["networks"]
        assert (sign * rows["z"] > least).all(), measure
        assert (rows["p"] < 0.05).all(), measure
    assert (last.query("measure == 'edges'")["value"] > 0.9).all()
    dense = tables["nea"].query("layer == -1 and level == 0").set_index("measure")
    assert dense.loc[["edges", "profile"], ["z", "p"]].isna().all(axis=None)


def test_profiles_are_those_of_the_masks(tables, registry):
    """Distances against z that `motifs.profile` gives, of masks that keep what the teacher does."""
    teacher = Teacher(sizes=(10, 8), fan_in=3).wiring(seed=0)
    rng = np.random.default_rng(0)
    masks = [rng.permuted(mask.ravel()).reshape(mask.shape) for mask in teacher.values()]
    z = []
    for network in (list(teacher.values()), masks):
        table = motifs.profile(layered([mask[None] for mask in network]), supports=("all",))
        z.append(np.nan_to_num(table[table["base_layer"] == -1].set_index("motif")["z"]))
    expected = 1 - z[0] @ z[1] / np.linalg.norm(z[0]) / np.linalg.norm(z[1])
    from harness_plugins.metrics.teacher_recovery import _distances

    found = _distances([mask.astype(float) for mask in teacher.values()], [m[None] for m in masks])
    assert found[0] == pytest.approx(expected, abs=1e-9)


def test_random_masks_are_at_chance(tables):
    """Weights dealt at random: z of mean 0 and variance 1, and p uniform."""
    rng = np.random.default_rng(3)
    teacher = [weight.astype(float) for weight in Teacher(sizes=(8,)).weights(seed=0).values()]
    masks = [rng.permutation(one.size).reshape(one.shape) < 0.3 * one.size for one in teacher]
    rows = []
    for _ in range(60):
        own = [mask * rng.standard_normal(mask.shape) for mask in masks]
        orders = [rng.permutation(mask.size).reshape(mask.shape) for mask in masks]
        here = [mask.ravel()[order] for mask, order in zip(masks, orders, strict=True)]
        own = [layer.ravel()[order] for layer, order in zip(own, orders, strict=True)]
        rows.append(TeacherRecovery(draws=40)._compared(teacher, own, here, rng))
    for place, row in enumerate(rows[0]):
        z = np.array([one[place]["z"] for one in rows])
        assert abs(z.mean()) < 4 / np.sqrt(len(z)), row["measure"]
        assert 0.5 < z.var() < 2, row["measure"]


def test_what_has_no_teacher_is_skipped_with_the_reason(tmp_path):
    run = harness.run(
        ["digits", TASK], "random", architecture=["mlp[sizes=[9]]", "mlp[sizes=[10, 8]]"],
        schedule="oneshot[density=0.4, steps=20]", networks=1, metric="teacher-recovery[draws=2]",
        out=tmp_path / "run",
    )  # fmt: skip
    trials = run.trials().set_index("trial")
    measured = run.measurements().set_index("trial").join(trials[["task", "architecture"]])
    by = measured.set_index(["task", "architecture"])
    assert by.loc[(TASK, "mlp[sizes=[10, 8]]"), "status"] == "done"
    other = by.loc[("digits", "mlp[sizes=[9]]")]
    assert (other["status"], other["reason"]) == (
        "skipped", "metric 'teacher-recovery': only task 'teacher' has a teacher, not 'digits'",
    )  # fmt: skip
    assert "`mlp[sizes=[10, 8]]` fits" in by.loc[(TASK, "mlp[sizes=[9]]"), "reason"]
