"""What `harness check` finds in what a model offers beside its loss."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

from harness import Model
from harness.errors import UserError
from harness.plugin import loading
from harness.testing import TinyArchitecture, TinyTask, _offers, check, tiny_model
from harness.testing._finding import BrokenRuleError, SuggestionError
from harness.types import Batch

DATA = TinyTask().data(seed=0)
NETWORK = tiny_model().network(key=jax.random.key(0))
BATCH = Batch(*(jnp.asarray(part[:32]) for part in DATA.train))


def changed(**methods):
    """The tiny model, some methods of its task or of its architecture replaced."""
    parts = []
    for part in (TinyTask, TinyArchitecture):
        own = {name: method for name, method in methods.items() if hasattr(part, name)}
        parts.append(type("Other", (part,), own)())
    return Model(*parts)


def test_the_tiny_task_offers_what_it_says():
    task = tiny_model()
    assert "a network trained for" in _offers.constant(task, DATA, NETWORK)
    _offers.examples(task, NETWORK, BATCH)
    _offers.linear(task, NETWORK, BATCH)
    _offers.entering(task, NETWORK, BATCH)


@pytest.mark.parametrize("found", [0.0, -1.0, float("inf")])
def test_a_constant_loss_is_finite_and_positive(found):
    with pytest.raises(BrokenRuleError, match="finite and positive"):
        _offers.constant(changed(constant_loss=lambda *_: found), DATA, NETWORK)


def test_a_constant_loss_may_be_unknown_and_should_not_be_below_a_trained_network():
    unknown = changed(constant_loss=lambda *_: float("nan"))
    assert "unknown" in _offers.constant(unknown, DATA, NETWORK)
    with pytest.raises(SuggestionError, match="is not that of `loss`"):
        _offers.constant(changed(constant_loss=lambda *_: 1e-6), DATA, NETWORK)
    with pytest.raises(BrokenRuleError, match="return a number"):
        _offers.constant(changed(constant_loss=lambda *_: None), DATA, NETWORK)


def test_a_loss_that_is_no_mean_over_rows_is_found():
    def spread(self, outputs, targets):
        return jnp.std(outputs - targets)

    def summed(self, outputs, targets):
        return jnp.sum((outputs - targets) ** 2)

    for loss in (spread, summed):
        with pytest.raises(BrokenRuleError, match="mean over the rows"):
            _offers.examples(changed(loss=loss), NETWORK, BATCH)


def test_a_linear_network_that_is_none_is_found():
    with pytest.raises(BrokenRuleError, match="is not linear"):
        _offers.linear(changed(linearised=lambda self, network: network), NETWORK, BATCH)

    def other(self, network):
        return eqx.tree_at(
            lambda n: n.second, TinyArchitecture.linearised(self, network), 2 * network.second
        )

    with pytest.raises(BrokenRuleError, match="another 'second'"):
        _offers.linear(changed(linearised=other), NETWORK, BATCH)


@pytest.mark.parametrize("shape", [(12, 32), (1, 12), (32, 7)])
def test_activations_of_another_shape_are_found(shape):
    """Turned, a mean over rows, of fewer nodes."""

    def other(self, network, inputs):
        return {**TinyArchitecture.activations(self, network, inputs), "second": jnp.ones(shape)}

    told = rf"'second' as {re.escape(str(shape))}: .* it is \(32, 12\)"
    with pytest.raises(BrokenRuleError, match=told):
        _offers.entering(changed(activations=other), NETWORK, BATCH)


def test_activations_that_lack_a_weight_are_found():
    with pytest.raises(BrokenRuleError, match="lacks 'second'"):
        _offers.entering(changed(activations=lambda *_: {"first": BATCH.inputs}), NETWORK, BATCH)


def test_parameters_are_given_on_the_command_line():
    registry = loading.load()
    findings = list(check("linear[rounds=3|4]", registry))
    assert len(findings) > 6
    assert all(one.passed for one in findings), findings
    with pytest.raises(UserError, match="linear"):
        list(check("lin[rounds=3]", registry))
    (first, *_) = check("linear[rounds=nonsense]", registry)
    assert not first.passed
    assert "rounds" in first.advice
