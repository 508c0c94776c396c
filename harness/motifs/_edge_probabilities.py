"""Probabilities for independent edges: from the degrees of nodes, or from groups of nodes."""

import numpy as np
from jaxtyping import Bool, Float, Int

_PRECISE, _AGREEMENT = 1e-11, 1e-8
"""The error of a degree at which Newton's method stops, and the largest that is accepted."""
_MOST_STEPS = 100


def configuration_model(
    rows: Float[np.ndarray, " sources"] | Int[np.ndarray, " sources"],
    columns: Float[np.ndarray, " targets"] | Int[np.ndarray, " targets"],
) -> Float[np.ndarray, "sources targets"]:
    """Return the probabilities of largest entropy whose sums are the degrees given.

    p_ij = x_i y_j / (1 + x_i y_j), the bipartite configuration model (Saracco et al. 2015, Sci.
    Rep. 5:10595). Rows and columns that are empty or full are exactly 0 or 1 and are taken off
    first, again and again. Equal degrees share one x or y.

    **Arguments:** the degrees of the sources and of the targets, whole or not.

    **Errors:** ValueError if no network has these degrees.
    """
    out, into = np.array(rows, float), np.array(columns, float)
    if not np.isclose(out.sum(), into.sum(), rtol=1e-9):
        raise ValueError(f"the degrees of sources sum to {out.sum():g}, of targets {into.sum():g}")
    found = np.zeros((len(out), len(into)))
    left = [np.arange(len(out)), np.arange(len(into))]
    while True:
        before = len(left[0]) + len(left[1])
        for matrix, degrees, others, side in ((found, out, into, 0), (found.T, into, out, 1)):
            here, there = left[side], left[1 - side]
            full = here[degrees[here] > len(there) - _PRECISE]
            matrix[np.ix_(full, there)] = 1
            others[there] -= len(full)
            left[side] = here[(degrees[here] > _PRECISE) & ~np.isin(here, full)]
        if before == len(left[0]) + len(left[1]):
            break
    if before:
        found[np.ix_(*left)] = _interior(out[left[0]], into[left[1]])
    off = np.concatenate([found.sum(1) - rows, found.sum(0) - columns])
    if np.abs(off).max(initial=0) > _AGREEMENT:
        raise ValueError("no network has these degrees of sources and targets")
    return found


def _interior(out: np.ndarray, into: np.ndarray) -> np.ndarray:
    """Return the probabilities if no source or target is empty or full: a convex minimum.

    Over a = log x and b = log y of the distinct degrees, Newton's method with backtracking
    minimises sum_ij log(1 + exp(a_i + b_j)) - sum_i out_i a_i - sum_j into_j b_j.
    """
    from scipy.special import expit  # late: it takes longer to import than the rest of a command

    (rows, row_of, n_rows), (columns, column_of, n_columns) = (
        np.unique(degrees, return_inverse=True, return_counts=True) for degrees in (out, into)
    )
    pairs, numbers = np.outer(n_rows, n_columns), np.concatenate([n_rows, n_columns])
    wanted = numbers * np.concatenate([rows, columns])

    def split(logs: np.ndarray) -> np.ndarray:
        return logs[: len(rows), None] + logs[len(rows) :]

    def objective(logs: np.ndarray) -> float:
        return (pairs * np.logaddexp(0, split(logs))).sum() - wanted @ logs

    logs = np.log(np.concatenate([rows, columns]) / np.sqrt(out.sum()))
    value = objective(logs)
    for _ in range(_MOST_STEPS):
        p = expit(split(logs))
        edges, v = pairs * p, pairs * p * (1 - p)
        slope = np.concatenate([edges.sum(1), edges.sum(0)]) - wanted
        if np.abs(slope / numbers).max() < _PRECISE:
            break
        by_row, by_column = slope[: len(rows)] / v.sum(1), slope[len(rows) :]
        # Rows are eliminated. A constant may move from all a to all b, so that the first b stays.
        curvature = np.diag(v.sum(0)) - v.T @ (v / v.sum(1)[:, None])
        curvature[np.diag_indices_from(curvature)] += 1e-14 * v.max()
        step = np.zeros(len(logs))
        step[len(rows) + 1 :] = np.linalg.solve(curvature[1:, 1:], (v.T @ by_row - by_column)[1:])
        step[: len(rows)] = -by_row - v @ step[len(rows) :] / v.sum(1)
        share = 1.0
        while (new := objective(logs + share * step)) > value + 1e-4 * share * (slope @ step):
            share /= 2
            if share < 1e-4:  # nothing but rounding: a full step of Newton's method is best
                share, new = 1.0, objective(logs + step)
                break
        logs, value = logs + share * step, new
    return expit(split(logs))[np.ix_(row_of, column_of)]


def block_model(
    wires: Bool[np.ndarray, "sources targets"],
    sources: Int[np.ndarray, " sources"],
    targets: Int[np.ndarray, " targets"],
    allowed: Bool[np.ndarray, "sources targets"] | None = None,
) -> Float[np.ndarray, "sources targets"]:
    """Return one probability for each pair of groups: the share of its places that hold an edge.

    **Arguments:** the edges of one layer, the group of each source and target, from 0, and the
    places that may hold an edge, all by default. Others get probability 0.
    """
    places = np.ones(wires.shape, bool) if allowed is None else allowed
    if (wires & ~places).any():
        raise ValueError("an edge lies at a place that is not allowed")
    a, b = np.eye(sources.max() + 1)[sources], np.eye(targets.max() + 1)[targets]
    held, possible = a.T @ wires @ b, a.T @ places @ b
    return places * (a @ (held / np.maximum(possible, 1)) @ b.T)
