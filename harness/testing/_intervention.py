"""The contract of interventions."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np

from harness.plugin.intervention import AbstractIntervention, Change, Source
from harness.sparse import masks as mask_algebra
from harness.sparse.masks import random_masks
from harness.testing._finding import Rule, expect
from harness.testing._surroundings import INDEPENDENT, drawn_before
from harness.testing._tiny import Largest, tiny_model
from harness.types import GoesOn

_NETWORKS = 3


class _Subject:
    """An intervention with a made-up source: random masks of three tiny networks."""

    def __init__(self, intervention: AbstractIntervention) -> None:
        self.intervention = intervention

    @cached_property
    def source(self) -> Source:
        """A source whose masks keep about a third of each leaf."""
        model = tiny_model()
        network = model.network(key=jax.random.key(0))
        prunable = model.prunable(network)
        keys = jax.random.split(jax.random.key(1), _NETWORKS)
        third = {name: jnp.arange(may.size).reshape(may.shape) % 3 == 0 for name, may in
                 prunable.items()}  # fmt: skip
        weights = jax.vmap(lambda key: _arrays(model.network(key=key)))(keys)
        return Source(
            model=model,
            pruner=Largest(),
            level=1,
            density=1 / 3,
            masks=jax.vmap(lambda key: random_masks(third, prunable, key=key))(keys),
            before={name: jnp.ones((_NETWORKS, *may.shape), bool) for name, may in
                    prunable.items()},
            prunable=prunable,
            weights=weights,
            keys=jax.random.split(jax.random.key(2), _NETWORKS),
            network=network,
        )  # fmt: skip

    def masks(self, source: Source | None = None) -> dict[str, np.ndarray]:
        """Return the changed masks, on the host."""
        change = self.intervention.change(source or self.source)
        return {name: np.asarray(mask) for name, mask in change.masks.items()}


def _arrays(network: Any) -> dict[str, Any]:
    return mask_algebra.select(network, mask_algebra.leaf_names(network))


def rules(intervention: AbstractIntervention) -> Iterator[Rule]:
    """Yield the rules of interventions."""
    subject = _Subject(intervention)
    yield Rule("says how training goes on", partial(_goes_on, subject))
    yield Rule("returns masks of all networks", partial(_returns, subject), vital=True)
    if intervention.exact:
        yield Rule("keeps as many weights as its source", partial(_exact, subject))
    yield Rule("gives the same masks each time", partial(_repeats, subject), vital=True)
    if not intervention.crosses:
        yield Rule("changes each network alone", partial(_alone, subject))


def _goes_on(subject: _Subject) -> None:
    found, known = subject.intervention.goes_on(Largest()), get_args(GoesOn)
    expect(found in known, f"`goes_on` returns {found!r}: return one of {', '.join(known)}.")


def _returns(subject: _Subject) -> None:
    change = subject.intervention.change(subject.source)
    expect(isinstance(change, Change), f"`change` returns a {type(change).__name__}, no `Change`.")
    for name, mask in subject.source.masks.items():
        expect(name in change.masks, f"`change` returns no mask of '{name}'.")
        found = change.masks[name]
        expect(
            found.shape == mask.shape and found.dtype == bool,
            f"`change` returns '{name}' as {found.dtype}{list(found.shape)}: masks are "
            f"bool{list(mask.shape)}, networks first.",
        )


def _exact(subject: _Subject) -> None:
    found, due = (
        sum(np.asarray(mask).reshape(_NETWORKS, -1).sum(axis=1) for mask in masks.values())
        for masks in (subject.masks(), subject.source.masks)
    )
    expect(
        np.array_equal(found, due),
        f"networks keep {list(found)} weights and their sources {list(due)}: keep as many, or set "
        "`exact = False`.",
    )


def _repeats(subject: _Subject) -> None:
    with drawn_before(0):
        first = subject.masks()
    with drawn_before(1):
        again = subject.masks()
    expect(_same(first, again), INDEPENDENT.format(source="`source.keys`"))


def _alone(subject: _Subject) -> None:
    source = subject.source
    turned = {name: jnp.roll(mask, 1, axis=0) for name, mask in source.masks.items()}
    first = {name: jnp.concatenate([mask[:1], turned[name][1:]]) for name, mask in
             source.masks.items()}  # fmt: skip
    before, after = subject.masks(), subject.masks(replace(source, masks=first))
    expect(
        _same({n: m[:1] for n, m in before.items()}, {n: m[:1] for n, m in after.items()}),
        "the masks of one network depend on the networks beside it.",
    )


def _same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(mask, other[name]) for name, mask in one.items())
