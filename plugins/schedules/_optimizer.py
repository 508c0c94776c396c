"""The optimiser of the schedules that differ in their path of densities."""

import optax


def early_decayed(
    dense_steps: int, *, dense_rate: float, rate: float, decay: float, eps: float = 1e-8
) -> optax.GradientTransformation:
    """Return Adam with Nesterov's momentum; weights decay in the dense level's first third.

    The learning rate is `dense_rate` in the dense level, which has `dense_steps`, and `rate` after
    it. Mean squares reach back 100 steps, so that the jump of a pruning is soon forgotten.
    """
    rates = optax.piecewise_constant_schedule(dense_rate, {dense_steps: rate / dense_rate})
    decays = optax.piecewise_constant_schedule(decay, {dense_steps // 3: 0.0})
    return optax.nadamw(rates, b2=0.99, eps=eps, weight_decay=decays)
