"""One trial to one trajectory on disk: whole, exact, and the same when it was interrupted."""

import itertools
from dataclasses import dataclass
from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness import AbstractPruner, Level, StopRule, files, progress
from harness.execution import trial_training
from harness.execution.tables import level_tables
from harness.execution.trial_training import CHECKPOINT, TrialTraining
from harness.experiment.choice import Choice
from harness.experiment.factors import Pruning
from harness.experiment.trial import Trial
from harness.plugin.parameters import Selection
from harness.results import snapshot
from harness.results.snapshot import level_path
from harness.testing import TinyArchitecture, TinySchedule, TinyTask, tiny_model
from harness.training.trainer import Trainer

pytestmark = pytest.mark.slow

WIDTH, STEPS, PART = 2, 20, 7
DENSITIES = (1.0, 0.6, 0.3, 0.125)
SIZES = {"first": 60, "second": 36}
# Of 96 weights 57.6, 28.8 and 12 are due. By layer 36 + 21.6, 18 + 10.8 and 7.5 + 4.5: what is
# missing goes to the largest remainder, or to the first by name.
KEPT = (
    {"first": 60, "second": 36},
    {"first": 36, "second": 22},
    {"first": 18, "second": 11},
    {"first": 8, "second": 4},
)
PRUNERS = ("magnitude", "at-start", "regrowing", "rewinding")


class Interrupted(Exception):  # noqa: N818
    pass


@dataclass(frozen=True)
class Looking(TinySchedule):
    """The tiny schedule with a stop rule that never stops: compiled once for it and `AtOnce`."""

    stop_rule = StopRule("network", every=PART, after=PART, window=1, ratio=0.0)


@dataclass(frozen=True)
class AtOnce(TinySchedule):
    """Stops every level at the first check, after step 20 of 60."""

    steps: int = 60
    stop_rule = StopRule("network", every=10, after=20, window=10, ratio=float("inf"))


def trial_of(pruner, *, schedule=None, first=0, keep_weights=True):
    return Trial(
        Choice("task", "tiny", "tests", TinyTask(), ""),
        Choice("architecture", "tiny", "tests", TinyArchitecture(), ""),
        Pruning(Choice("pruner", pruner.name, "tests", pruner, "")),
        Choice("schedule", "tiny", "tests", schedule or Looking(), ""),
        seed=0,
        data_seed=0,
        first=first,
        width=WIDTH,
        keep_weights=keep_weights,
    )


@dataclass
class Case:
    """A pruner with its trainer, compiled once, and an uninterrupted run of it."""

    pruner: AbstractPruner
    trainer: Trainer
    trial: Trial
    folder: object

    def levels(self):
        return [level_path(self.folder, number) for number in range(len(DENSITIES))]


def trainer_of(pruner):
    data = TinyTask().data(seed=0)
    return Trainer(tiny_model(), pruner, Looking(), data, seed=0, data_seed=0)


@pytest.fixture(scope="module")
def cases(registry, tmp_path_factory):
    """The case of a pruner, made when first asked for."""
    made = {}

    def case(name):
        if name not in made:
            pruner = registry.make("pruner", Selection(name))
            folder = tmp_path_factory.mktemp(name)
            made[name] = Case(pruner, trainer_of(pruner), trial_of(pruner), folder)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(trial_training, "CHUNK", PART)
                TrialTraining(made[name].trial, made[name].trainer, folder).train()
        return made[name]

    return case


@pytest.fixture(params=PRUNERS)
def case(request, cases):
    return cases(request.param)


@pytest.fixture
def often(monkeypatch):
    """Chunks of seven steps, and a checkpoint after each."""
    monkeypatch.setattr(trial_training, "CHUNK", PART)
    monkeypatch.setattr(trial_training, "CHECKPOINT_SECONDS", 0.0)


def host(tree):
    return jax.tree.map(np.array, tree)


def recorded(monkeypatch, trainer, name):
    """The arguments and answers of a method of the trainer, on the host."""
    calls, method = [], getattr(trainer, name)

    def call(*arguments, **named):
        given = host(arguments[0]) if name != "start" else None
        answer = method(*arguments, **named)
        calls.append((given, arguments[1:], named, host(answer)))
        return answer

    monkeypatch.setattr(trainer, name, call)
    return calls


def test_every_level_is_on_disk_with_exactly_its_density(case):
    before = None
    for number, path in enumerate(case.levels()):
        kept = snapshot.load(path)
        assert kept.facts["density"] == DENSITIES[number]
        total = round(96 * DENSITIES[number])
        for network in range(WIDTH):
            assert sum(mask[network].sum() for mask in kept.masks.values()) == total
            if case.pruner.name != "at-start":  # whose scope is global
                for name, mask in kept.masks.items():
                    assert mask[network].sum() == KEPT[number][name]
        assert set(kept.weights) == {"first", "second", "bias"}
        for name, mask in kept.masks.items():
            assert mask.shape == (WIDTH, *kept.weights[name].shape[1:])
            assert (kept.weights[name][~mask] == 0).all()
            assert (kept.weights[name][mask] != 0).mean() > 0.5
            if before is not None and case.pruner.when == "level":
                assert not (mask & ~before[name]).any(), "a pruned weight came back"
        before = kept.masks
    assert not list(case.folder.glob(".*")), "litter"


def test_tables_of_levels_and_training_say_what_the_files_hold(case):
    tables = level_tables(case.trial, case.folder)
    levels, training = tables["levels"], tables["training"]
    assert len(levels) == len(DENSITIES) * WIDTH
    steps = [20, 40, 60, 80] if case.pruner.when == "init" else [20] * 4
    # The rewind point ends a chunk of its own: 5, 12, 19, 20.
    parts = {(*range(PART, n, PART), n) for n in steps}
    for number, path in enumerate(case.levels()):
        kept = snapshot.load(path)
        rows = levels[levels["level"] == number]
        assert rows["network"].tolist() == [0, 1]
        assert (rows["density"] == DENSITIES[number]).all()
        assert rows["steps"].tolist() == [steps[number]] * WIDTH
        assert not rows["diverged"].any()
        np.testing.assert_array_equal(rows["train_loss"], kept.figures["train_loss"])
        curve = training[training["level"] == number]
        for network in range(WIDTH):
            own = curve[curve["network"] == network]
            assert own["step"].tolist() == kept.curve_steps.tolist()
            np.testing.assert_array_equal(own["loss"], kept.curve[:, network])
            assert tuple(own["step"]) in parts or case.pruner.name == "rewinding"
    losses = levels.groupby("level")["validation_loss"].mean()
    assert losses[0] < 1, "nothing was learnt"


def test_losses_are_those_of_the_acting_networks_on_the_splits(case):
    data = TinyTask().data(seed=0)
    kept = snapshot.load(case.levels()[2])
    for network in range(WIDTH):
        leaves = {name: leaf[network] for name, leaf in kept.weights.items()}
        for split in ("train", "validation"):
            rows = getattr(data, split)
            hidden = np.tanh(rows.inputs @ leaves["first"].T + leaves["bias"])
            loss = np.mean((hidden @ leaves["second"].T - rows.targets) ** 2)
            assert kept.figures[f"{split}_loss"][network] == pytest.approx(loss, rel=1e-4)


def interrupt(run, at):
    """Train until the update number `at`, from 1, and end there as a signal would."""
    seen = itertools.count(1)

    def listener(update):
        if next(seen) == at:
            raise Interrupted

    with progress.listening(listener):
        run.train()


@pytest.mark.usefixtures("often")
def test_a_run_interrupted_anywhere_and_resumed_is_the_same_bit_for_bit(case, tmp_path):
    updates = []
    with progress.listening(updates.append):
        TrialTraining(case.trial, case.trainer, tmp_path / "whole").train()
    assert len(updates) >= 12
    for at in range(1, len(updates) + 1, 1 + len(updates) // 10):
        folder = tmp_path / str(at)
        with pytest.raises(Interrupted):
            interrupt(TrialTraining(case.trial, case.trainer, folder), at)
        TrialTraining(case.trial, case.trainer, folder).train()
        for number, path in enumerate(case.levels()):
            assert level_path(folder, number).read_bytes() == path.read_bytes(), (at, number)


@pytest.mark.usefixtures("often")
def test_a_run_interrupted_again_and_again_comes_to_the_same_end(case, tmp_path):
    for _attempt in range(30):
        try:
            interrupt(TrialTraining(case.trial, case.trainer, tmp_path), 2)
        except Interrupted:
            continue
        break
    else:
        pytest.fail("it never came to its end: it starts anew each time")
    for number, path in enumerate(case.levels()):
        assert level_path(tmp_path, number).read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("often")
def test_resuming_trains_only_what_is_missing(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    with pytest.raises(Interrupted):
        interrupt(TrialTraining(case.trial, case.trainer, tmp_path), 8)  # in the third level
    calls = recorded(monkeypatch, case.trainer, "chunk")
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    assert [(given[1], given[2]) for _, given, _, _ in calls][:2] == [(2, 7), (2, 14)]
    assert len(calls) == 12 - 7


@pytest.mark.usefixtures("often")
def test_a_failure_while_a_level_is_written_loses_nothing_before_it(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    save = snapshot.save

    def full(path, kept):
        if "02" in path.name:
            raise OSError(28, "No space left on device")
        return save(path, kept)

    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "save", full)
        with pytest.raises(OSError, match="space"):
            TrialTraining(case.trial, case.trainer, tmp_path).train()
    assert level_path(tmp_path, 1).read_bytes() == case.levels()[1].read_bytes()
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    for number, path in enumerate(case.levels()):
        assert level_path(tmp_path, number).read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("damage", ["truncated", "flipped", "of another trial", "nonsense"])
def test_a_damaged_checkpoint_means_beginning_anew(cases, tmp_path, damage):
    case = cases("magnitude")
    with pytest.raises(Interrupted):
        interrupt(TrialTraining(case.trial, case.trainer, tmp_path), 6)
    path = tmp_path / CHECKPOINT
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[:-9])
    elif damage == "flipped":
        place = len(whole) // 2
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
    elif damage == "nonsense":
        files.write_arrays(path, {"state/0": np.zeros(3)}, {})
    else:
        other = cases("rewinding")
        with pytest.raises(Interrupted):
            interrupt(TrialTraining(other.trial, other.trainer, tmp_path / "other"), 6)
        path.write_bytes((tmp_path / "other" / CHECKPOINT).read_bytes())
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    for number, right in enumerate(case.levels()):
        assert level_path(tmp_path, number).read_bytes() == right.read_bytes()


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_level_damaged_while_its_trial_was_interrupted_is_made_anew(cases, tmp_path, damage):
    case = cases("magnitude")
    with pytest.raises(Interrupted):
        interrupt(TrialTraining(case.trial, case.trainer, tmp_path), 9)  # in the third level
    first = level_path(tmp_path, 0)
    if damage == "missing":
        first.unlink()
    else:
        first.write_bytes(first.read_bytes()[:-10])
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    for number, right in enumerate(case.levels()):
        assert level_path(tmp_path, number).is_file(), f"level {number} is missing"
        assert level_path(tmp_path, number).read_bytes() == right.read_bytes()


def test_magnitude_is_a_sort_of_the_weights_before_pruning(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    calls = recorded(monkeypatch, case.trainer, "prune")
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    asked = [(number, level.density) for _, (_, number, level), _, _ in calls]
    assert asked == [(1, 0.6), (2, 0.3), (3, 0.125)]
    for number, (before, _, _, after) in enumerate(calls, start=1):
        for name, keep in KEPT[number].items():
            for network in range(WIDTH):
                weight = np.abs(getattr(before.network, name)[network])
                size = np.where(before.masks[name][network], weight, -1).ravel()
                largest = np.zeros(size.size, bool)
                largest[np.argsort(-size, kind="stable")[:keep]] = True
                np.testing.assert_array_equal(after.masks[name][network].ravel(), largest)
        for one, other in zip(*map(jax.tree.leaves, (before.network, after.network)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_rewind_point_is_the_network_after_that_step(cases, tmp_path, monkeypatch):
    case = cases("rewinding")
    trainer = case.trainer
    keys = trainer.keys((0, 1))
    level = Level(1.0, STEPS)
    fifth, _, _ = trainer.chunk(
        trainer.start(keys), keys, 0, 0, 5, previous=level, current=level, first_batch=0
    )
    fifth = host(fifth.network)
    calls = recorded(monkeypatch, trainer, "prune")
    TrialTraining(case.trial, trainer, tmp_path).train()
    assert len(calls) == 3
    for before, _, _, after in calls:
        for name in ("first", "second", "bias"):
            np.testing.assert_array_equal(getattr(after.network, name), getattr(fifth, name))
            assert not np.array_equal(getattr(before.network, name), getattr(fifth, name))
        moments = after.optimizer[0]
        assert not any(leaf.any() for leaf in jax.tree.leaves((moments.mu, moments.nu)))
        assert moments.count.tolist() == [5, 5]


def test_pruning_at_initialisation_starts_each_density_anew_at_the_whole_budget(
    cases, tmp_path, monkeypatch
):
    case = cases("at-start")
    start = host(case.trainer.start(case.trainer.keys((0, 1))))
    prunings = recorded(monkeypatch, case.trainer, "prune")
    chunks = recorded(monkeypatch, case.trainer, "chunk")
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    assert len(prunings) == 3
    for before, _, _, after in prunings:
        assert all(mask.all() for mask in before.masks.values())
        for one in (before, after):
            pairs = zip(*map(jax.tree.leaves, (one.network, start.network)), strict=True)
            assert all(np.array_equal(here, there) for here, there in pairs)
        assert not any(leaf.any() for leaf in jax.tree.leaves(before.optimizer))
    budgets = {0: 0, 1: 0, 2: 0, 3: 0}
    for _, (_, level, step, number), named, _ in chunks:
        assert step == budgets[level]
        assert named["first_batch"] == 0
        budgets[level] += number
    assert budgets == {0: 20, 1: 40, 2: 60, 3: 80}


@pytest.mark.parametrize("anew", [False, True])
def test_levels_read_the_data_on_or_from_the_first_batch_again(cases, tmp_path, monkeypatch, anew):
    case = cases("magnitude")
    monkeypatch.setattr(Looking, "rewind_data", anew, raising=False)
    chunks = recorded(monkeypatch, case.trainer, "chunk")
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    first = {given[1]: named["first_batch"] for _, given, named, _ in chunks}
    assert first == dict(enumerate([0, 0, 0, 0] if anew else [0, 20, 40, 60]))


def test_weights_need_not_be_kept(cases, tmp_path):
    case = cases("magnitude")
    TrialTraining(trial_of(case.pruner, keep_weights=False), case.trainer, tmp_path).train()
    for number, path in enumerate(case.levels()):
        bare, full = snapshot.load(level_path(tmp_path, number)), snapshot.load(path)
        assert bare.weights is None
        for name, mask in full.masks.items():
            np.testing.assert_array_equal(bare.masks[name], mask)


def poison(monkeypatch, trainer, *networks):
    """Let a weight of these networks be no number from the first step on."""
    chunk = trainer.chunk

    def ill(state, keys, level, step, number, **named):
        if level == step == 0:
            first = state.network.first
            for network in networks:
                first = first.at[network, 0, 0].set(jnp.nan)
            state = state._replace(network=eqx.tree_at(lambda n: n.first, state.network, first))
        return chunk(state, keys, level, step, number, **named)

    monkeypatch.setattr(trainer, "chunk", ill)


@pytest.mark.usefixtures("often")
def test_a_diverged_network_is_marked_and_frozen_and_the_others_go_on(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    poison(monkeypatch, case.trainer, 1)
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    for number, path in enumerate(case.levels()):
        ill, well = snapshot.load(level_path(tmp_path, number)), snapshot.load(path)
        assert ill.figures["diverged"].tolist() == [False, True]
        # It is noticed at the end of the first chunk, and takes no step after that.
        assert ill.figures["steps"].tolist() == [STEPS, PART if number == 0 else 0]
        for group in ("masks", "weights"):
            for name, leaf in getattr(well, group).items():
                np.testing.assert_array_equal(getattr(ill, group)[name][0], leaf[0])
        np.testing.assert_array_equal(ill.curve[:, 0], well.curve[:, 0])
        assert np.isnan(ill.curve[:, 1]).all()
        for name, mask in ill.masks.items():
            assert mask[1].sum() == KEPT[number][name]
    table = level_tables(case.trial, tmp_path)["levels"]
    assert table["diverged"].tolist() == [False, True] * 4


@pytest.mark.usefixtures("often")
def test_a_trial_whose_networks_have_all_diverged_comes_to_its_end(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    poison(monkeypatch, case.trainer, 0, 1)
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    table = level_tables(case.trial, tmp_path)["levels"]
    assert table["diverged"].all()
    assert table["steps"].tolist() == [PART] * 2 + [0] * 6


def test_a_network_frozen_for_an_infinite_weight_is_marked_though_its_loss_is_finite(
    cases, tmp_path, monkeypatch
):
    # tanh makes a finite loss of an infinite weight; what no longer trains must be told apart.
    case = cases("magnitude")
    prune = case.trainer.prune

    def ill(state, *arguments):
        first = state.network.first.at[1, 0, 0].set(jnp.inf)
        network = eqx.tree_at(lambda n: n.first, state.network, first)
        return prune(state._replace(network=network), *arguments)

    monkeypatch.setattr(case.trainer, "prune", ill)
    TrialTraining(case.trial, case.trainer, tmp_path).train()
    table = level_tables(case.trial, tmp_path)["levels"]
    unmarked = table[(table["steps"] == 0) & ~table["diverged"]]
    assert unmarked.empty, unmarked


@pytest.mark.parametrize("part", [10, 100])
@pytest.mark.parametrize("name", ["magnitude", "rewinding"])
def test_the_stop_rule_is_asked_at_its_steps_whatever_the_chunks(
    cases, tmp_path, monkeypatch, name, part
):
    case = cases(name)
    monkeypatch.setattr(trial_training, "CHUNK", part)
    trial = trial_of(case.pruner, schedule=AtOnce())
    TrialTraining(trial, case.trainer, tmp_path).train()
    table = level_tables(trial, tmp_path)["levels"]
    assert table["steps"].tolist() == [20] * 8


def test_a_level_that_stops_early_has_its_density_all_the_same(cases, tmp_path, monkeypatch):
    case = cases("regrowing")

    def ramp(self, previous, density, progress):
        return previous + (density - previous) * progress

    monkeypatch.setattr(type(case.pruner), "ramp", ramp)
    monkeypatch.setattr(trial_training, "CHUNK", 10)
    TrialTraining(trial_of(case.pruner, schedule=AtOnce()), case.trainer, tmp_path).train()
    for number, due in enumerate(KEPT):
        masks = snapshot.load(level_path(tmp_path, number)).masks
        for name, keep in due.items():
            assert masks[name].sum(axis=(1, 2)).tolist() == [keep] * WIDTH


def test_networks_that_stopped_train_again_at_the_next_level(cases, tmp_path, monkeypatch):
    case = cases("magnitude")
    monkeypatch.setattr(trial_training, "CHUNK", 10)
    chunks = recorded(monkeypatch, case.trainer, "chunk")
    TrialTraining(trial_of(case.pruner, schedule=AtOnce()), case.trainer, tmp_path).train()
    assert [given[1] for _, given, _, _ in chunks] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert all(state.active.all() for state, _, _, _ in chunks)


def test_the_clock_counts_compilation_apart(monkeypatch):
    now, compiled = iter([10.0, 17.0]), iter([2.0, 4.0])
    monkeypatch.setattr(trial_training, "time", SimpleNamespace(perf_counter=lambda: next(now)))
    clock = trial_training.Clock(lambda: next(compiled))
    with clock.timing(1, "train"):
        pass
    assert clock.seconds == {(-1, "compile"): 6.0, (1, "train"): 3.0}
