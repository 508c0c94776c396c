"""The moth's flight against oracles, an independent model, and itself."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from harness_plugins.tasks import _moth_data, _moth_flight, _moth_solver
from scipy.integrate import solve_ivp

PI = np.pi
ORACLES = [
    (
        (0, 100, 0, -50, PI / 4, 0, 5 * PI / 4, 0),
        (15000, 1.2, 0),
        (0.704196745, -48.3619704, 0.0570347735, 16.132988, 1.57642383, 79.0978671, 4.71802651,
         79.0981767),
    ),
    (
        (0, -1200, 0, 900, 5.1, -20, 0.7, 15),
        (40000, 4.5, 80000),
        (-26.5286176, -1267.7157, 19.9234788, 1072.05915, 3.33688473, -181.094851, -0.90735625,
         -172.298025),
    ),
    (
        (0, 700, 0, -1400, 2.2, 10, 3.9, -25),
        (5000, 0.3, -95000),
        (13.1406402, 630.383864, -27.390785, -1341.89666, 2.06012848, 11.3783552, 3.93905971,
         20.2791327),
    ),
]  # fmt: skip
STARTS, CONTROLS, ENDS = (np.array(part, float) for part in zip(*ORACLES, strict=True))


def written_out(state, controls):
    """The equations of SCIENCE.md section 2, term by term, with the full mass matrix."""
    _, vx, _, vy, theta, spin, phi, swing = state
    force, alpha, torque = controls
    m1, m2 = 0.9 * 4 / 3 * PI * 0.5**2 * 0.9, 0.4 * 4 / 3 * PI * 0.75**2 * 1.9
    i1 = m1 * 0.5**2 * (1 + (0.9 / 0.5) ** 2) / 5
    i2 = m2 * 0.75**2 * (1 + (1.9 / 0.75) ** 2) / 5
    l1, l2, l3, g = 0.9, 1.9, 0.75, 980
    speed = np.hypot(vx, vy)
    drag = 0
    for b in (0.5, 0.75):
        reynolds = 1.18e-3 * speed * 2 * b / 1.86e-4
        drag += 0.5 * 1.18e-3 * PI * b**2 * (24 / reynolds + 6 / (1 + np.sqrt(reynolds)) + 0.4)
    elastic = 23000 * (phi - theta - PI) + 14075.8 * (swing - spin)
    sin, cos = np.sin, np.cos
    mass = np.array([
        [m1 + m2, 0, -l1 * m1 * sin(theta), -l2 * m2 * sin(phi)],
        [0, m1 + m2, l1 * m1 * cos(theta), l2 * m2 * cos(phi)],
        [-l1 * m1 * sin(theta), l1 * m1 * cos(theta), i1 + l1**2 * m1, 0],
        [-l2 * m2 * sin(phi), l2 * m2 * cos(phi), 0, i2 + l2**2 * m2],
    ])  # fmt: skip
    rest = [
        -force * cos(alpha + theta) + drag * abs(vx) * vx
        - l1 * m1 * cos(theta) * spin**2 - l2 * m2 * cos(phi) * swing**2,
        (m1 + m2) * g + drag * abs(vy) * vy - l1 * m1 * sin(theta) * spin**2
        - l2 * m2 * sin(phi) * swing**2 - force * sin(alpha + theta),
        -torque + g * l1 * m1 * cos(theta) - elastic - force * l3 * sin(alpha),
        torque + g * l2 * m2 * cos(phi) + elastic,
    ]  # fmt: skip
    ax, ay, spin_rate, swing_rate = np.linalg.solve(mass, -np.array(rest))
    return np.array([vx, ax, vy, ay, spin, spin_rate, swing, swing_rate])


@pytest.fixture(scope="module")
def drawn():
    initial, controls = _moth_data.draw(np.random.default_rng(1), 256)
    final, solved = _moth_data.simulate(initial, controls, reference=True)
    assert final.dtype == np.float64
    assert solved.all()
    return initial, controls, final


def test_derived_quantities():
    head, abdomen = _moth_flight.HEAD, _moth_flight.ABDOMEN
    found = (head.mass, abdomen.mass, head.inertia, abdomen.inertia)
    np.testing.assert_allclose(found, (0.848230, 1.790708, 0.179825, 1.494346), rtol=1e-5)


def test_oracles():
    final, solved = _moth_data.simulate(STARTS, CONTROLS, reference=True)
    assert solved.all()
    np.testing.assert_allclose(final, ENDS, rtol=1e-6)
    assert not jax.config.jax_enable_x64


def test_vector_field_is_the_written_one(drawn):
    initial, controls, _ = drawn
    with jax.enable_x64(True):
        states, pushes = initial.astype(np.float64), controls.astype(np.float64)
        found = jax.jit(_moth_flight.vector_field)(0.0, jnp.asarray(states), jnp.asarray(pushes))
    wanted = np.stack([written_out(*pair) for pair in zip(states, pushes, strict=True)])
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-6)


def test_against_scipy(drawn):
    for start, controls, end in zip(*(part[:3].astype(float) for part in drawn), strict=True):
        solution = solve_ivp(
            lambda t, state, controls=controls: written_out(state, controls),
            (0, 0.02), start, method="LSODA", rtol=1e-10, atol=1e-9,
        )  # fmt: skip
        np.testing.assert_allclose(end, solution.y[:, -1], rtol=1e-6, atol=1e-6)


def test_energy_changes_by_the_work_done():
    """Without air, spring, damper, force and torque the mass matrix must conserve energy.

    Those cannot be switched off, so the power of each is subtracted from the rate of energy.
    """
    state, controls = _moth_data.draw(np.random.default_rng(2), 1)
    m1, m2, g = _moth_flight.HEAD.mass, _moth_flight.ABDOMEN.mass, 980.0

    def energy(state):
        _, vx, y, vy, theta, spin, phi, swing = state
        total = 0.0
        for m, arm, inertia, angle, rate in (
            (m1, 0.9, _moth_flight.HEAD.inertia, theta, spin),
            (m2, 1.9, _moth_flight.ABDOMEN.inertia, phi, swing),
        ):
            ux, uy = vx - arm * jnp.sin(angle) * rate, vy + arm * jnp.cos(angle) * rate
            total += 0.5 * m * (ux**2 + uy**2) + 0.5 * inertia * rate**2
            total += m * g * (y + arm * jnp.sin(angle))
        return total

    with jax.enable_x64(True):
        state = jnp.asarray(state[0].astype(np.float64))
        controls = jnp.asarray(controls[0].astype(np.float64))
        rate = jax.jvp(energy, (state,), (_moth_flight.vector_field(0.0, state, controls),))[1]
        _, vx, _, vy, theta, spin, phi, swing = state
        force, alpha, torque = controls
        drag = _moth_flight.drag_factor(vx, vy)
        elastic = 23000 * (phi - theta - PI) + 14075.8 * (swing - spin)
        power = force * (jnp.cos(alpha + theta) * vx + jnp.sin(alpha + theta) * vy)
        power -= drag * (abs(vx) * vx**2 + abs(vy) * vy**2)
        power += (torque + force * 0.75 * jnp.sin(alpha)) * spin - torque * swing
        power -= elastic * (swing - spin)
    np.testing.assert_allclose(rate, power, rtol=1e-9)


def test_values_and_gradients_are_finite_at_rest():
    still = jnp.zeros(8, jnp.float32)
    controls = jnp.asarray([100.0, 1.0, 0.0], jnp.float32)
    values = jax.jit(_moth_flight.vector_field)(0.0, still, controls)
    slopes = jax.jit(jax.jacobian(_moth_flight.vector_field, argnums=1))(0.0, still, controls)
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()


def test_drag_is_continuous_near_rest():
    speeds = jnp.asarray([1e-7, 0.999e-6, 1.001e-6, 1e-5], jnp.float32)
    drags = _moth_flight.drag_factor(speeds, jnp.zeros_like(speeds)) * speeds
    assert (np.diff(drags) > 0).sum() >= 1
    np.testing.assert_allclose(drags[1], drags[2], rtol=1e-2)


def test_hinge_response_is_the_slope_in_the_rates():
    """Along phi' - theta' with phi'^2 terms removed, the derivative is the response."""
    with jax.enable_x64(True):
        state = jnp.asarray(STARTS[1]).at[jnp.asarray([5, 7])].set(0.0)
        slopes = jax.jit(jax.jacobian(_moth_flight.vector_field, argnums=1))(
            0.0, state, jnp.asarray(CONTROLS[1])
        )
        response = jax.jit(_moth_flight.hinge_response)(state)
    accelerations = np.array([1, 3, 5, 7])
    np.testing.assert_allclose(slopes[accelerations, 7], response[accelerations], rtol=1e-9)
    np.testing.assert_allclose(slopes[accelerations, 5], -response[accelerations], rtol=1e-9)


def test_data_are_close_to_the_reference(drawn):
    initial, controls, exact = drawn
    final, solved = _moth_data.simulate(initial, controls)
    assert solved.all()
    assert final.dtype == np.float32
    error = np.abs(final - exact) / np.ptp(exact, axis=0)
    assert np.percentile(error, 99.9) < 1e-4


def test_the_method_converges_at_third_order():
    """Fixed steps from a settled state: halving them divides the error by 8."""
    start, control, duration = ENDS[0], CONTROLS[0], 2e-3
    with jax.enable_x64(True):
        terms = diffrax.ODETerm(_moth_flight.vector_field)
        solver = _moth_solver.DampedHinge()

        @jax.jit
        def after(steps):
            def step(_, at):
                width = duration / steps
                return solver.step(terms, 0.0, width, at, jnp.asarray(control), None, False)[0]

            return jax.lax.fori_loop(0, steps, step, jnp.asarray(start))

        ends = [np.asarray(after(steps)) for steps in (64, 128)]
    exact = solve_ivp(
        lambda t, state: written_out(state, control), (0, duration), start,
        method="LSODA", rtol=1e-12, atol=1e-11,
    ).y[:, -1]  # fmt: skip
    errors = [np.abs(end - exact)[4:].max() for end in ends]
    assert errors[0] / errors[1] > 6


def test_a_flight_that_cannot_be_solved_is_told_apart():
    initial, controls = STARTS[[0, 0, 0]].astype(np.float32), CONTROLS[[0, 0, 0]].astype(np.float32)
    controls[1, 0] = np.nan
    initial[2, 1] = 1e30
    final, solved = _moth_data.simulate(initial, controls)
    assert solved.tolist() == [True, False, False]
    np.testing.assert_allclose(final[0], ENDS[0], rtol=1e-2)


def test_flights_do_not_depend_on_how_many_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    few, more = _moth_data.flights(100, 3), _moth_data.flights(600, 3)
    for name, array in few.arrays.items():
        np.testing.assert_array_equal(array, more.arrays[name][:100])
    assert few.notes == {"failed": 0}
    assert not np.array_equal(few.arrays["final"], _moth_data.flights(100, 4).arrays["final"])


def test_failed_flights_are_replaced_and_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    solve = _moth_data.simulate

    def sometimes(initial, controls):
        final, solved = solve(initial, controls)
        return final, solved & (controls[:, 2] > 0)

    monkeypatch.setattr(_moth_data, "simulate", sometimes)
    found = _moth_data.flights(50, 3)
    assert all(len(array) == 50 for array in found.arrays.values())
    assert (found.arrays["controls"][:, 2] > 0).all()
    assert found.notes["failed"] > 20


def test_hopeless_flights_end_with_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    monkeypatch.setattr(
        _moth_data, "simulate", lambda initial, controls: (initial, np.zeros(len(initial), bool))
    )
    with pytest.raises(RuntimeError, match="failed"):
        _moth_data.flights(50, 3)
