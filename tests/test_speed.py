"""What makes training fast changes no result: compilations, block widths, several devices."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_benchmarks import training

from harness import cli, open_run
from harness.experiment.config import checked
from harness.experiment.plan import KEPT, block_width, plan
from harness.machine import compilation
from harness.motifs._device_trades import traded_on_device
from harness.plugin.parameters import Selection
from harness.testing import TinySchedule, TinyTask, tiny_model
from harness.training.trainer import CHUNK, Trainer

LEVELS = TinySchedule().levels()
COMPILING = "/jax/core/compile/backend_compile_duration"


@contextmanager
def compilations():
    """A list that grows with each program that XLA compiles."""
    found = []

    def listen(event, seconds, **_):
        if event == COMPILING:
            found.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield found
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def trainer_of(pruner, *, data_seed=0, **settings):
    data = TinyTask().data(seed=data_seed)
    return Trainer(
        tiny_model(), pruner, TinySchedule(), data, seed=0, data_seed=data_seed, **settings
    )


def through(trainer, networks):
    """Train and prune a block through all levels, as a trial does."""
    keys = trainer.keys(networks)
    state = trainer.start(keys)
    for number, level in enumerate(LEVELS):
        if level.density < 1:
            state = trainer.prune(state, keys, number, level.density)
        before = LEVELS[max(number - 1, 0)]
        state, losses, _ = trainer.chunk(
            state, keys, number, 0, level.steps, previous=before, current=level, first_batch=0
        )
        trainer.losses(state)
    return state, np.asarray(losses)


def test_levels_blocks_and_data_seeds_compile_nothing_again(registry):
    magnitude = registry.make("pruner", Selection("magnitude"))
    trainer = trainer_of(magnitude)
    through(trainer, [0, 1])
    other = trainer_of(magnitude, data_seed=1)
    keys = other.keys([0, 1])  # what is small and not ours: random keys, orders of batches
    with compilations() as found:
        through(trainer, [2, 3])
        through(other, [0, 1])
        jax.block_until_ready(keys)
    assert not found


@pytest.mark.slow
def test_a_step_is_compiled_once_for_all_pruners_that_gather_nothing(registry):
    through(trainer_of(registry.make("pruner", Selection("magnitude"))), [0, 1])
    other = trainer_of(registry.make("pruner", Selection("random")))
    keys = other.keys([0, 1])
    state = other.start(keys)
    with compilations() as found:
        other.chunk(state, keys, 0, 0, 1, previous=LEVELS[0], current=LEVELS[0], first_batch=0)
    assert not found
    with compilations() as found:
        through(trainer_of(registry.make("pruner", Selection("movement"))), [0, 1])
    assert found  # it gathers: another step, and the listener does count


@pytest.mark.slow
@pytest.mark.parametrize("pruner", ["magnitude", "gmp"])
def test_memory_is_known_before_training_and_costs_no_compilation(registry, pruner):
    trainer = trainer_of(registry.make("pruner", Selection(pruner)))
    narrow, wide = trainer.memory([0]), trainer.memory([0, 1, 2, 3])
    keys = trainer.keys([0, 1, 2, 3])
    state = trainer.start(keys)
    held = sum(leaf.nbytes for leaf in jax.tree.leaves((state.network, state.optimizer)))
    rows = sum(part.nbytes for part in trainer.rows)
    assert wide > held + rows
    assert 3 * held / 4 < wide - narrow < 30 * held
    with compilations() as found:
        trainer.chunk(state, keys, 0, 0, 1, previous=LEVELS[0], current=LEVELS[0], first_batch=0)
        state = trainer.start(keys)
        if pruner == "magnitude":
            state = trainer.prune(state, keys, 1, 0.5)
        trainer.losses(state)
    assert not found


@pytest.mark.slow
@pytest.mark.parametrize("widths", [(1, 2, 3, 6)])
def test_a_step_at_several_widths_is_the_same_to_rounding(registry, widths):
    trainer = trainer_of(registry.make("pruner", Selection("magnitude")))
    stepped = {}
    for width in widths:
        keys = trainer.keys(range(width))
        state, losses, _ = trainer.chunk(
            trainer.start(keys), keys, 0, 0, 1,
            previous=LEVELS[0], current=LEVELS[0], first_batch=0,
        )  # fmt: skip
        stepped[width] = [np.asarray(leaf)[0] for leaf in jax.tree.leaves(state.network)]
        stepped[width].append(np.asarray(losses)[0, 0])
    for width in widths[1:]:
        for one, other in zip(stepped[widths[0]], stepped[width], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_programs_kept_are_bounded(monkeypatch):
    monkeypatch.setattr(compilation, "_programs", type(compilation._programs)())
    monkeypatch.setattr(compilation, "_MOST_KEPT", 2)
    for number in range(4):
        assert (
            compilation.Compiled(lambda x, number=number: x * number)(np.float32(2)) == 2 * number
        )
    assert len(compilation._programs) == 2


LARGE = 331_735  # weights of a network of published size


def test_default_width_by_device(monkeypatch):
    monkeypatch.setattr(jax, "local_device_count", lambda: 1)
    assert [block_width(n, LARGE) for n in (1, 2, 3, 8)] == [1, 2, 1, 2]
    monkeypatch.setattr(jax, "local_device_count", lambda: 2)
    assert [block_width(n, LARGE) for n in (1, 2, 3, 4, 5, 8, 10)] == [1, 2, 2, 4, 2, 4, 2]
    monkeypatch.setattr(jax, "local_device_count", lambda: 16)
    assert [block_width(n, LARGE) for n in (3, 8, 16, 100)] == [3, 8, 16, 16]
    monkeypatch.setattr(jax, "local_device_count", lambda: 2)
    assert [block_width(1000, n) for n in (LARGE, 37_000, 10_000, 1_000)] == [4, 16, 50, 500]
    assert [block_width(n, 1_000) for n in (1, 3, 5, 64)] == [1, 3, 5, 64]
    assert [block_width(1000, 1_000, n) for n in (5_000, 40_000, 10**7)] == [500, 100, 4]
    monkeypatch.setattr(jax, "local_device_count", lambda: 1)
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert [block_width(n, LARGE) for n in (1, 3, 400)] == [1, 3, 400]
    monkeypatch.setattr(jax, "local_device_count", lambda: 4)
    assert [block_width(n, LARGE) for n in (3, 8, 401)] == [4, 8, 404]


@pytest.mark.parametrize(
    ("task", "architecture", "put_out"),
    [
        ("moth", "mlp[sizes=[32, 16]]", 32 + 16 + 7),
        ("digits", "cnn", 8 * 4 * 4 + 16 * 2 * 2 + 10),
        ("adding", "rnn", 10 * (32 + 32) + 1),
    ],
)
def test_what_layers_put_out_decides_the_width_where_weights_are_few(
    registry, task, architecture, put_out
):
    asked = checked(
        {"tasks": [task], "architectures": [architecture], "pruners": ["magnitude"],
         "networks": 10_000},
        source="test",
    )  # fmt: skip
    made = plan(asked, registry)
    trial = made.trials[0]
    assert trial.model.put_out == put_out
    rows = trial.schedule.instance.batch_size
    assert made.width == block_width(10_000, trial.model.size, rows * put_out)
    assert made.width <= max(2, KEPT // (rows * put_out)) * jax.local_device_count()


@pytest.mark.slow
def test_precision_is_part_of_what_a_run_is(registry, tmp_path):
    command = ["run", "--task", "digits", "--pruner", "magnitude", "--networks", "1"]
    command += ["--schedule", "oneshot[steps=20]", "--metric", "performance", "--quiet"]
    command += ["--out", str(tmp_path / "run")]
    for given, code in (([], 0), (["--precision", "float32"], 0), (["--precision", "tf32"], 2)):
        with pytest.raises(SystemExit) as end:
            cli.main([*command, *given])
        assert (end.value.code or 0) == code
    with pytest.raises(SystemExit) as end:
        cli.main([*command[:-1], str(tmp_path / "other"), "--precision", "double"])
    assert end.value.code == 2
    keys = {
        name: plan(
            checked({"tasks": ["digits"], "pruners": ["random"], "precision": name}, source="test"),
            registry,
        )
        .trials[0]
        .key
        for name in ("float32", "tf32", "bfloat16")
    }
    assert len(set(keys.values())) == 3


@pytest.mark.parametrize(
    ("precision", "written"),
    [("float32", "precision = [HIGHEST, HIGHEST]"), ("tf32", "= tf32"), ("bfloat16", "= bf16")],
)
def test_a_gpu_is_told_the_precision_of_every_product(precision, written):
    """Lowered for CUDA, which takes no GPU: forward and both backward products say it."""

    def loss(signals, weight):
        return jnp.sum(jnp.tanh(signals @ weight.T) ** 2)

    step = jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))
    with compilation.rounding(precision, "gpu"):
        lowered = step.trace(jnp.ones((2, 3)), jnp.ones((4, 3))).lower(lowering_platforms=("cuda",))
    products = [line for line in lowered.as_text().splitlines() if "dot_general" in line]
    assert len(products) == 3
    assert all(written in line for line in products)
    other = jax.jit(lambda signals, weight: signals @ weight.T)
    with compilation.rounding(precision, "cpu"):
        plain = other.lower(jnp.ones((2, 3)), jnp.ones((4, 3))).as_text()
    assert "HIGHEST" not in plain
    assert "algorithm" not in plain


@pytest.mark.parametrize("platform", ["cuda", "rocm"])
def test_training_pruning_and_trades_lower_for_gpus(platform):
    """Lowering takes no GPU, and fails where an operation has no rule for the platform."""
    trainer = training.trainer(task="digits", schedule="quick")
    (first, *_), keys, rows = trainer.schedule.levels(), trainer.keys([0, 1]), trainer._rows_for(2)
    state, key = trainer.start(keys), trainer._batch_key(0, 1, 2)
    frozen, target = trainer._frozen(first), trainer._targets.of(first)
    at, events = trainer._at(0, 0, CHUNK, 0), trainer._events(0, first, first)
    words = jnp.zeros((1, 6, 4), jnp.uint32), jnp.zeros((1, 4), bool)
    for function, *arguments in (
        (trainer._chunk._jitted, state, keys, rows, key, events, at, frozen),
        (trainer._prune._jitted, state, keys, rows[0], key, target, 0, frozen),
        (traded_on_device, *words, jax.random.split(jax.random.key(0), 1), 3, 2, 2),
    ):
        lowered = function.trace(*arguments).lower(lowering_platforms=(platform,))
        assert "func.func public @main" in lowered.as_text()


def _seeing(devices):
    """Flags with which JAX takes the processor for so many devices."""
    return os.environ["XLA_FLAGS"].replace("device_count=1", f"device_count={devices}")


SPREAD = """
import json, jax, numpy as np
from harness import api
assert jax.local_device_count() == {devices}
run = api.run(
    "digits", ["magnitude", "gmp"], networks=4, block_width=4, metric="performance",
    schedule="geometric[density=0.3, steps=100, share=0.5]", out={out!r},
)
"""


@pytest.mark.slow
def test_networks_spread_over_four_devices_train_as_on_one(tmp_path):
    tables = {}
    for devices in (1, 4):
        out = str(tmp_path / str(devices))
        flags = _seeing(devices)
        done = subprocess.run(
            [sys.executable, "-c", SPREAD.format(devices=devices, out=out)],
            env={**os.environ, "XLA_FLAGS": flags},
            capture_output=True,
            text=True,
        )
        assert not done.returncode, done.stderr
        tables[devices] = open_run(out).table("levels")
    one, four = (tables[number]["validation_loss"].to_numpy() for number in (1, 4))
    dense = tables[1]["density"] == 1
    np.testing.assert_allclose(one[dense], four[dense], rtol=1e-4)
    np.testing.assert_allclose(one, four, rtol=0.05)
    assert "4 devices" in json.dumps(open_run(str(tmp_path / "4")).provenance)


@pytest.mark.slow
def test_a_block_lies_on_all_devices():
    code = """
import jax
from harness.testing import TinySchedule, tiny_model
from harness.training.trainer import Trainer
from harness.plugin.loading import load
from harness.plugin.parameters import Selection
model = tiny_model()
pruner = load().make("pruner", Selection("magnitude"))
trainer = Trainer(
    model, pruner, TinySchedule(), model.task.data(seed=0), seed=0, data_seed=0)
levels = TinySchedule().levels()
for width, number in ((8, 4), (6, 3), (5, 1)):
    keys = trainer.keys(range(width))
    state = trainer.start(keys)
    state = trainer.prune(state, keys, 1, 0.5)
    state, losses, _ = trainer.chunk(
        state, keys, 1, 0, 3, previous=levels[0], current=levels[1], first_batch=0)
    for leaf in jax.tree.leaves(state):
        assert len(leaf.sharding.device_set) == number, leaf.sharding
        assert {shard.data.shape[0] for shard in leaf.addressable_shards} == {width // number}
"""
    flags = _seeing(4)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True, text=True,
    )  # fmt: skip
    assert not done.returncode, done.stderr
