"""Each rule of each contract finds a plugin that breaks it, and says what is wrong with it.

The rules about masks are in `test_cli.py`, where `harness check` is called as a user would.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax.experimental.compilation_cache import compilation_cache

from harness import (
    AbstractMetric,
    AbstractPruner,
    AbstractStudy,
    LayeredGraph,
    Level,
    ScorePruner,
    Update,
    leaf_map,
    prune_by_score,
    report,
)
from harness.plugin.registry import Plugin
from harness.testing import TinyArchitecture, TinySchedule, TinyTask, assert_contract, check_plugin
from harness.types import Scope, Shape


def plugin(base: type[Any], **attributes: Any) -> type[Any]:
    """A plugin class with these attributes, sound but for what they break."""
    given = {"name": "broken", "__doc__": "Something.", "__module__": __name__, **attributes}
    return dataclass(frozen=True)(type("Broken", (base,), given))


def pruner(score: Callable[..., Any], **attributes: Any) -> type[Any]:
    """A pruner whose scores come from its evidence and key."""

    def scores(self, evidence, *, key):
        return score(evidence, key)

    return plugin(ScorePruner, **{"when": "level", "score": scores, **attributes})


def magnitude(evidence, key):
    return leaf_map(jnp.abs, evidence.weights)


def drawn(evidence, draw):
    return {name: jnp.asarray(draw(leaf.shape)) for name, leaf in evidence.weights.items()}


def densities(trajectory):
    return [
        {"level": level, "network": network, "value": value}
        for level, value in enumerate(trajectory.densities)
        for network in range(len(trajectory.networks))
    ]


def metric(table: Callable[..., Any], **attributes: Any) -> type[Any]:
    """A metric with one column, `value`."""

    def measure(self, trajectory):
        return pd.DataFrame(table(trajectory))

    return plugin(AbstractMetric, columns={"value": "1"}, measure=measure, **attributes)


VALUE = report.Schema(values=(report.Value("value"),), compared=(report.Quantities("value"),))
SIZES: dict[str, int] = {}
COUNT: list[int] = []
TABLES: list[Any] = []


def remembers_sizes(self, evidence, *, key):
    SIZES["first"] = evidence.weights["first"].size
    return ()


def with_remembered(evidence, key):
    return leaf_map(lambda w: jnp.abs(w) * (-1) ** SIZES["first"], evidence.weights)


def counted(evidence, key):
    COUNT.append(0)
    return leaf_map(lambda w: jnp.cos(len(COUNT) * w * 1e3), evidence.weights)


def changing_settings(evidence, key):
    jax.config.update("jax_default_matmul_precision", "float32")
    return magnitude(evidence, key)


def first_table(trajectory):
    TABLES.append(densities(trajectory))
    return TABLES[0]


def noisy_table(draw: Callable[[], float]) -> Callable[..., Any]:
    return lambda trajectory: [{**row, "value": draw()} for row in densities(trajectory)]


def noisy_data(self, *, seed):
    data = TinyTask.data(self, seed=seed)
    order = np.random.permutation(len(data.test.inputs))
    return type(data)(
        data.train, data.validation, type(data.test)(*(part[order] for part in data.test)),
        data.inputs, data.outputs,
    )  # fmt: skip


def noisy_network(self, shape, *, key):
    return jax.tree.map(
        lambda leaf: leaf + random.random(), TinyArchitecture.network(self, shape, key=key)
    )


def noisy_loss(self, outputs, targets):
    return TinyTask.loss(self, outputs, targets) * (1 + np.random.random())


def summed_loss(self, outputs, targets):
    return TinyTask.loss(self, outputs, targets) * len(targets)


def never_done(self, evidence, target, state, *, key):
    """Prunes one weight more where there are as many as asked for already."""
    alive = sum(jnp.sum(mask) for mask in evidence.candidates.values())
    fewer = target.by_leaf["first"] - (alive == target.total)
    target = target._replace(by_leaf={**target.by_leaf, "first": fewer})
    sizes = leaf_map(jnp.abs, evidence.weights)
    masks = prune_by_score(sizes, evidence.candidates, target, scope="layer", key=key)
    return Update(masks), state


def by_layers(trajectory):
    if not isinstance(trajectory.graph(0), LayeredGraph):
        raise ValueError("no layers")
    return densities(trajectory)


def rising_levels(self):
    COUNT.append(0)
    return (Level(1.0, len(COUNT)), Level(0.5, 1))


def study(**attributes: Any) -> type[Any]:
    return plugin(
        AbstractStudy, **{
            "question": "Is it?",
            "experiments": lambda self: {"one": {"tasks": ["digits"], "pruners": ["random"]}},
            "sections": lambda self, runs: [],
            **attributes,
        },
    )  # fmt: skip


LIST = "**Parameters:**\n\n- "
UNTOLD = {"__annotations__": {"sharpness": float}, "sharpness": 1.0}
ELSEWHERE = "its result changes with what else runs in the process"


def stepping(answer: Callable[..., Any]) -> type[Any]:
    """A pruner whose step returns what `answer` makes of its evidence and state."""

    def step(self, evidence, target, state, *, key):
        return answer(evidence, state)

    return plugin(AbstractPruner, when="level", step=step)


VECTORS = frozenset({"vector"})
FAULTS = {
    "scores that are none": (
        pruner(lambda evidence, key: None),
        "`score` returns None: return a dict with a score for each weight of first, second",
    ),
    "scores of one leaf": (
        pruner(lambda evidence, key: evidence.weights["first"]),
        "`score` returns an array of shape (12, 5): return a dict",
    ),
    "scores that lack a leaf": (
        pruner(lambda evidence, key: {"second": evidence.weights["second"]}),
        "`score` returns a dict with second: return a dict with a score",
    ),
    "transposed scores": (
        pruner(lambda evidence, key: leaf_map(jnp.transpose, evidence.weights)),
        "`score` returns 'first' of shape (5, 12); the weights have (12, 5)",
    ),
    "scores that are not a number": (
        pruner(lambda evidence, key: leaf_map(lambda w: jnp.log(-jnp.abs(w)), evidence.weights)),
        "scores that are NaN, which have no order",
    ),
    "an update without a state": (
        stepping(lambda evidence, state: Update(evidence.mask)),
        "`step` returns a Update: return `(Update(mask), state)`, a pair",
    ),
    "masks without an update": (
        stepping(lambda evidence, state: (evidence.mask, state)),
        "`step` returns a dict first: return `(Update(mask), state)`",
    ),
    "masks of numbers": (
        stepping(lambda evidence, state: (Update(leaf_map(jnp.float32, evidence.mask)), state)),
        "a mask of 'first' of float32: return bool",
    ),
    "masks of another shape": (
        stepping(lambda evidence, state: (Update(leaf_map(lambda m: m[1:], evidence.mask)), state)),
        "`step` returns 'first' of shape (11, 5)",
    ),
    "a default that is none": (
        pruner(magnitude, __annotations__={"scope": Scope}, scope="layers"),
        "scope = 'layers': Input should be 'layer', 'global' or 'output'",
    ),
    "parameter without annotation": (
        pruner(magnitude, sharpness=3),
        "`sharpness` of Broken has no annotation, so it is no parameter",
    ),
    "columns in a list": (
        plugin(AbstractMetric, columns=["value"], measure=lambda self, trajectory: None),
        "`columns` is a list: make it a property that returns a dict",
    ),
    "a table that is none": (
        plugin(AbstractMetric, columns={"value": "1"}, measure=lambda self, trajectory: None),
        "returned a NoneType: return a pandas DataFrame",
    ),
    "metric with strange needs": (
        metric(densities, needs=frozenset({"weight"})),
        "it needs weight: a metric may need digraph, layered, weights",
    ),
    "pruner without a moment": (pruner(magnitude, when="later"), "set `when` to init, level or"),
    "pruner that does not finish": (
        pruner(lambda evidence, key: 1 / 0),
        "masks and a state as it must\n    it raised ZeroDivisionError in test_checks.py, line",
    ),
    "pruner that draws from NumPy": (
        pruner(lambda evidence, key: drawn(evidence, np.random.random_sample)),
        ELSEWHERE + ": draw all randomness from `key`",
    ),
    "pruner that remembers another": (pruner(with_remembered, init=remembers_sizes), ELSEWHERE),
    "pruner that counts its calls": (pruner(counted), "two runs of one seed differ"),
    "pruner that changes settings": (
        pruner(changing_settings),
        "it changes jax_default_matmul_precision of JAX for the whole process",
    ),
    "task whose data come from NumPy": (
        plugin(TinyTask, data=noisy_data),
        f"of its data: {ELSEWHERE}: draw all randomness from `seed`",
    ),
    "architecture whose networks come from Python": (
        plugin(TinyArchitecture, network=noisy_network),
        f"of its networks: {ELSEWHERE}",
    ),
    "architecture of another number of outputs": (
        plugin(TinyArchitecture, forward=lambda self, network, inputs: network.hidden(inputs)),
        "outputs of a batch have shape (32, 12), not (32, 3)",
    ),
    "architecture for no inputs": (
        plugin(TinyArchitecture, takes=frozenset({"graph"})),
        "`takes` is ['graph']: name some of vector, sequence, image",
    ),
    "task of another shape": (
        plugin(TinyTask, shape=property(lambda self: Shape((4,), 3))),
        "an input has shape (5,), and `shape` says (4,)",
    ),
    "task whose loss is noisy": (plugin(TinyTask, loss=noisy_loss), f"of its loss: {ELSEWHERE}"),
    "task whose loss is a sum": (
        plugin(TinyTask, loss=summed_loss),
        "let the loss be a mean over the rows of the batch",
    ),
    "architecture whose linear network is none": (
        plugin(TinyArchitecture, takes=VECTORS, linearised=lambda self, network: network),
        "`linearised` is not linear",
    ),
    "architecture whose activations are none": (
        plugin(TinyArchitecture, takes=VECTORS, activations=lambda self, network, inputs: {}),
        "`activations` lacks 'first'",
    ),
    "pruner that is never done": (
        plugin(AbstractPruner, when="level", step=never_done),
        "pruned once more to density 0.125 it keeps another number of weights",
    ),
    "metric that does not say that it needs layers": (
        metric(by_layers),
        "it raises ValueError('no layers') for networks whose graph is a `Digraph`",
    ),
    "metric that draws from NumPy": (
        metric(noisy_table(np.random.random)),
        ELSEWHERE + ": draw all randomness from fixed seeds",
    ),
    "metric that draws": (
        metric(noisy_table(lambda: np.random.default_rng().random())),
        "measuring twice gives two tables",
    ),
    "metric that keeps a table": (
        metric(first_table),
        "after one trajectory it does not measure another",
    ),
    "metric of some networks": (
        metric(lambda trajectory: densities(trajectory)[::3]),
        "it has networks [0] of 0 to 2",
    ),
    "metric without rows": (metric(lambda trajectory: densities(trajectory)[:0]), "no column"),
    "metric whose schema is of another table": (
        metric(densities, schema=report.Schema(("layer",), (report.Value("z"),))),
        "'layer' is no column of the table; 'z' is no column of the table",
    ),
    "metric whose keys do not tell its rows apart": (
        metric(lambda trajectory: densities(trajectory) * 2, schema=VALUE),
        "24 rows are not unique by the `keys` of its schema",
    ),
    "metric whose sections fail": (
        metric(densities, schema=VALUE, sections=lambda self, report: 1 / 0),
        "its sections fail on a tiny table: ZeroDivisionError",
    ),
    "metric whose headline is a text": (
        metric(densities, headline=lambda self, table: "12"),
        "`headline` returns '12'",
    ),
    "schedule of other levels": (
        plugin(TinySchedule, levels=rising_levels),
        "`levels` returns other levels when called again",
    ),
    "schedule without levels": (plugin(TinySchedule, levels=lambda self: ()), "has no levels"),
    "study of nothing": (study(experiments=lambda self: {}), "it has no experiments"),
    "study in no folder": (
        study(experiments=lambda self: {"One Run": {}}),
        "'One Run' cannot name a folder",
    ),
    "study without a question": (study(question="It is."), "its question has no '?': 'It is.'"),
    "study that cannot be planned": (
        study(experiments=lambda self: {"one": {"tasks": ["digit"], "pruners": ["random"]}}),
        "unknown task 'digit'. Did you mean 'digits'?",
    ),
    "no docstring": (pruner(magnitude, __doc__=None), "the docstring of Broken is missing"),
    "half a sentence": (pruner(magnitude, __doc__="Keep"), "Broken begins with 'Keep': write one"),
    "pruner's parameter untold": (
        pruner(magnitude, **UNTOLD),
        "the docstring of Broken says nothing of `sharpness`",
    ),
    "task's parameter untold": (plugin(TinyTask, **UNTOLD), "says nothing of `sharpness`"),
    "metric's parameter untold": (metric(densities, **UNTOLD), "says nothing of `sharpness`"),
    "schedule's parameter untold": (plugin(TinySchedule, **UNTOLD), "says nothing of `sharpness`"),
    "study's parameter untold": (study(**UNTOLD), "says nothing of `sharpness`"),
    "parameter told, but not there": (
        pruner(magnitude, __doc__=f"Keep some.\n\n{LIST}`gone`: away\n"),
        "names `gone`, but the class has no such field: its fields are none.",
    ),
    "no defaults": (
        pruner(magnitude, __annotations__={"sharpness": float}),
        "can be made with its defaults",
    ),
}
CONSEQUENCES = {"task whose networks come from Python": 3, "task whose loss is noisy": 2}
"""Rules that are broken where it is not one: noise of tasks breaks those about `vmap`, too."""


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(fault):
    broken, problem = FAULTS[fault]
    settings = dict(jax.config.values)
    generator = np.random.get_state()[1].copy()
    with pytest.raises(AssertionError) as error:
        assert_contract(broken)
    told = str(error.value)
    assert problem in told
    assert told.startswith(f"{CONSEQUENCES.get(fault, 1)} of "), told
    assert dict(jax.config.values) == settings
    assert np.array_equal(np.random.get_state()[1], generator)


@pytest.mark.slow
def test_sound_plugins_of_each_kind_pass():
    for sound in (
        pruner(magnitude),
        TinyTask,
        TinyArchitecture,
        metric(densities),
        TinySchedule,
        study(),
    ):
        assert_contract(sound)


def test_what_cannot_finish_is_said_once():
    broken = Plugin("pruner", "broken", "mine", pruner(lambda evidence, key: 1 / 0), "mine.py")
    found = check_plugin(broken)
    (rule,) = (one.rule for one in found if not one.passed)
    assert rule == "gives scores, masks and a state as it must"
    assert not any("weights" in one.rule for one in found)


def test_a_citation_is_advised_but_not_asked_for():
    cited = pruner(magnitude, __doc__="Keep the large.\n\nHan et al. (2015), arXiv 1506.02626.")
    advice = []
    for factory in (pruner(magnitude), cited):
        found = check_plugin(Plugin("pruner", "broken", "mine", factory, "mine.py"))
        assert all(one.passed for one in found)
        advice.append([one.advice for one in found if one.advice])
    assert "no year" in advice[0][0]
    assert advice[1] == []


def test_needs_that_no_task_offers_are_pointed_out():
    strange = pruner(magnitude, needs=frozenset({"activation"}))
    found = check_plugin(Plugin("pruner", "broken", "mine", strange, "mine.py"))
    assert all(one.passed for one in found)
    assert any(
        "it needs activation, which no task of the harness offers" in one.advice for one in found
    )


def test_the_cost_of_a_pruner_is_told():
    slow = pruner(lambda evidence, key: leaf_map(lambda w: jnp.abs(w), evidence.weights))
    found = check_plugin(Plugin("pruner", "broken", "mine", slow, "mine.py"))
    (note,) = (one.note for one in found if one.note)
    assert "times as long as training alone" in note


def test_parameters_shared_by_all_need_no_documentation():
    shared = pruner(
        magnitude,
        __annotations__={"scope": str, "every": int, "rewind_step": int},
        scope="layer", every=0, rewind_step=0,
    )  # fmt: skip
    assert_contract(shared)


def test_parameters_may_be_given_for_the_check():
    class Picky(TinyTask):
        """A task that has data of one size only."""

        name: ClassVar[str] = "picky"

        def data(self, *, seed):
            if self.rows != 60:
                raise ValueError("not today")
            return super().data(seed=seed)

    picky = dataclass(frozen=True)(Picky)
    assert_contract(picky, rows=60)
    with pytest.raises(AssertionError, match=r"ValueError in test_checks\.py.*not today"):
        assert_contract(picky)


@pytest.mark.parametrize(
    ("factory", "problem"),
    [
        (dict, "dict is no plugin: it must be a subclass of one of harness.AbstractTask"),
        (type("Loose", (TinyTask,), {"name": "Loose One"}), "lower-case letters"),
        (type("Half", (ScorePruner,), {"name": "half"}), "does not implement score"),
    ],
)
def test_what_is_no_plugin_is_refused(factory, problem):
    with pytest.raises(TypeError, match=problem):
        assert_contract(factory)


@pytest.fixture
def no_cache():
    """As in a process where no cache of compiled programs is set up."""
    folder = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    jax.config.update("jax_compilation_cache_dir", folder)
    compilation_cache.reset_cache()


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["none", "one"])
def test_data_are_made_as_in_a_run_while_the_check_itself_compiles_quickly(request, cache):
    if cache == "none":
        request.getfixturevalue("no_cache")
    before, quickly = dict(jax.config.values), {}

    class Watching(TinyTask):
        """A task that notices how it is compiled."""

        def data(self, *, seed):
            quickly["data"] = jax.config.values["jax_disable_most_optimizations"]
            return super().data(seed=seed)

        def loss(self, outputs, targets):
            quickly["loss"] = jax.config.values["jax_disable_most_optimizations"]
            return super().loss(outputs, targets)

    assert_contract(dataclass(frozen=True)(Watching))
    assert quickly == {"data": False, "loss": cache == "none"}
    assert dict(jax.config.values) == before
