"""Optimizers: hand sums of the first steps, and that they go downhill."""

import numpy as np
import pytest

from striate.textbook import (
    SGD,
    VSGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    AdaSecant,
    ExponentialMovingAverage,
    Lion,
    Lookahead,
    Muon,
    Nadam,
    RAdam,
    Ranger,
    RMSprop,
)


def steps(optimizer, *gradients, start=0.0):
    """How far w moves at each step."""
    w = np.array([start])
    moves = []
    for g in gradients:
        new = optimizer.update(w, np.array([g]))
        moves.append((new - w).item())
        w = new
    return moves


def test_plain_descent_steps_against_the_gradient():
    """Lecture 003 L184."""
    assert steps(SGD(0.1), 1.0, -5.0) == pytest.approx([-0.1, 0.5])


def test_momentum_adds_half_of_the_last_step():
    assert steps(SGD(0.1, momentum=0.5), 1.0, 1.0, 0.0) == pytest.approx([-0.1, -0.15, -0.075])


def test_momentum_is_the_lectures_velocity_times_minus_the_rate():
    """Lecture 001 L976-978: v <- eta v - alpha g, w <- w + v."""
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal(10)
    w, v, sgd, mine = 1.0, 0.0, SGD(0.1, momentum=0.9), np.array([1.0])
    for g in gradients:
        v = 0.9 * v - 0.1 * g
        w = w + v
        mine = sgd.update(mine, np.array([g]))
        assert mine.item() == pytest.approx(w)


def test_nesterov_looks_one_step_ahead():
    assert steps(SGD(0.1, momentum=0.5, nesterov=True), 1.0, 1.0) == pytest.approx([-0.15, -0.175])


def test_nesterov_is_the_lectures_seen_from_the_point_ahead():
    """Lecture 001 L982-984 takes the gradient at w + eta v; here that point is the weight."""

    def gradient(w):
        return 2.0 * w

    w, v = 1.0, 0.0
    sgd, ahead = SGD(0.1, momentum=0.9, nesterov=True), np.array([1.0])
    for _ in range(10):
        assert ahead.item() == pytest.approx(w + 0.9 * v)
        ahead = sgd.update(ahead, gradient(ahead))
        v = 0.9 * v - 0.1 * gradient(w + 0.9 * v)
        w = w + v


@pytest.mark.parametrize(("gradients", "divisors"), [((0.1, 0.2), (0.1, 0.2236)), ((20.0, 10.0), (20.0, 22.36))])
def test_the_adagrad_table_of_lecture_000_comes_out(gradients, divisors):
    """Lecture 000 L440-463: rates of r/0.1 and r/0.22, r/20 and r/22."""
    moves = steps(Adagrad(1.0, epsilon=0.0), *gradients)
    assert [-g / move for g, move in zip(gradients, moves, strict=True)] == pytest.approx(divisors, rel=1e-4)


def test_adagrad_can_begin_with_an_accumulator():
    assert steps(Adagrad(1.0, initial_accumulator_value=3.0, epsilon=0.0), 1.0) == pytest.approx([-0.5])


def test_rmsprop_divides_by_the_running_root_mean_square():
    assert steps(RMSprop(1.0, rho=0.75, epsilon=0.0), 2.0, 2.0) == pytest.approx([-2.0, -2 / np.sqrt(0.75 + 1.0)])


def test_centered_rmsprop_takes_the_mean_off():
    # v = 0.5 * 4 = 2, m = 0.5 * 2 = 1, sqrt(2 - 1) = 1
    assert steps(RMSprop(1.0, rho=0.5, epsilon=0.0, centered=True), 2.0) == pytest.approx([-2.0])


def test_rmsprop_with_momentum_keeps_the_quotients():
    # quotients 2/sqrt(2) and 0: the second step is half of the first
    first, second = steps(RMSprop(1.0, rho=0.5, momentum=0.5, epsilon=0.0), 2.0, 0.0)
    assert (first, second) == pytest.approx((-np.sqrt(2), -np.sqrt(2) / 2))


def test_adadelta_begins_with_epsilon_alone():
    # v = 0.5, d = sqrt(0.5) / sqrt(0.5 + 0.5), u = 0.5 * 0.5; v = 0.75, d = sqrt(0.75) / sqrt(1.25)
    assert steps(Adadelta(rho=0.5, epsilon=0.5), 1.0, 1.0) == pytest.approx([-np.sqrt(0.5), -np.sqrt(0.6)])


def test_the_first_steps_of_adam_on_a_constant_gradient_are_the_rate():
    """With the bias corrections m / (1 - b1^t) = g and v / (1 - b2^t) = g^2."""
    assert steps(Adam(0.1, epsilon=0.0), 5.0, 5.0, 5.0) == pytest.approx([-0.1, -0.1, -0.1])


def test_the_second_step_of_adam_by_hand():
    # m = 0.5 * 0.5 + 0.5 * 3 = 1.75, / 0.75;  v = 0.75 * 0.25 + 0.25 * 9 = 2.4375, / 0.4375
    second = steps(Adam(1.0, beta_1=0.5, beta_2=0.75, epsilon=0.0), 1.0, 3.0)[1]
    assert second == pytest.approx(-(1.75 / 0.75) / np.sqrt(2.4375 / 0.4375))


def test_adamw_decays_the_weight_apart_from_the_gradient():
    assert steps(AdamW(0.1, weight_decay=0.5), 0.0, start=2.0) == pytest.approx([-0.1])
    with_gradient = steps(AdamW(0.1, weight_decay=0.5, epsilon=0.0), 7.0, start=2.0)
    assert with_gradient == pytest.approx([-0.1 - 0.1])


@pytest.mark.parametrize(
    ("optimizer", "divisor"),
    [
        (Adagrad(1.0, epsilon=0.5), 2.0 + 0.5),
        (RMSprop(1.0, rho=0.0, epsilon=0.5), 2.0 + 0.5),
        (Adam(1.0, epsilon=0.5), 2.0 + 0.5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_epsilon_stands_outside_the_root(optimizer, divisor):
    assert steps(optimizer, 2.0) == pytest.approx([-2.0 / divisor])


@pytest.mark.parametrize(
    ("new", "arguments", "divisor"),
    [
        (Adagrad, {}, np.sqrt(4 + 0.5)),
        (RMSprop, {"rho": 0.0}, np.sqrt(4 + 0.5)),
        # v = 0.25 * 4 = 1, and the quotient of the corrected averages is 2 / (sqrt(1 / 0.25) + 0.5 / sqrt(0.25))
        (Adam, {"beta_2": 0.75}, 2 + 1),
        (AdamW, {"beta_2": 0.75, "weight_decay": 0.0}, 2 + 1),
    ],
)
def test_epsilon_stands_where_keras_has_it_if_that_is_asked(new, arguments, divisor):
    assert steps(new(1.0, epsilon=0.5, epsilon_placement="keras", **arguments), 2.0) == pytest.approx([-2.0 / divisor])


EVERY = [
    SGD,
    lambda: SGD(momentum=0.9),
    lambda: SGD(momentum=0.9, nesterov=True),
    Adagrad,
    RMSprop,
    lambda: RMSprop(momentum=0.5, centered=True),
    Adadelta,
    Adam,
    AdamW,
    Nadam,
    Adamax,
    RAdam,
    Lion,
    Muon,
    lambda: Lookahead(SGD()),
    Ranger,
    lambda: ExponentialMovingAverage(SGD()),
    AdaSecant,
]


@pytest.mark.parametrize("new", EVERY)
def test_a_gradient_of_zero_with_no_past_moves_nothing_but_a_decay(new):
    """Lecture 000 L430 would divide 0 by 0."""
    optimizer = new()
    decay = getattr(optimizer, "weight_decay", 0.0) if not isinstance(optimizer, Muon) else 0.004
    expected = 1.0 - getattr(optimizer, "learning_rate", 0) * decay
    assert optimizer.update(np.ones(2), np.zeros(2)).tolist() == [expected, expected]


@pytest.mark.parametrize("new", EVERY)
def test_every_optimizer_goes_downhill(new):
    """Lecture 001 L994 and L996-1000 climb."""
    optimizer, w = new(), np.array([3.0, -4.0])
    before = np.sum(w**2)
    for _ in range(50):
        w = optimizer.update(w, 2 * w)
    assert np.sum(w**2) < before


@pytest.mark.parametrize("new", EVERY)
def test_what_is_given_is_not_changed(new):
    optimizer, w, g = new(), np.array([3.0]), np.array([2.0])
    for _ in range(3):
        optimizer.update(w, g)
    assert (w.item(), g.item()) == (3, 2)


def test_the_rates_are_those_of_keras():
    assert SGD().learning_rate == 0.01
    assert {new().learning_rate for new in (Adagrad, RMSprop, Adam, AdamW, Nadam, Adamax, RAdam, Lion, Muon)} == {0.001}
    assert Adadelta().learning_rate == 1.0


def test_adamax_divides_by_the_largest_gradient_which_fades():
    # after 4 and 0: m = 0.9 * 0.4, corrected by 1 - 0.81; the largest is 4, then 2
    assert steps(Adamax(1.0, beta_2=0.5, epsilon=0.0), 4.0, 0.0) == pytest.approx([-1.0, -0.36 / 0.19 / 2])


def test_radam_divides_from_the_fifth_step():
    # p = 1999, p_5 = 4.996: c = sqrt(0.996 * 2.996 * 1999 / (1995 * 1997 * 4.996))
    moves = steps(RAdam(1.0, epsilon=0.0), *[10.0] * 5)
    assert moves == pytest.approx([-10.0, -10.0, -10.0, -10.0, -0.0173], abs=2e-4)


def test_lion_moves_by_the_sign():
    # after 4 the mean is 0.04: 0.9 * 0.04 - 0.1 * 0.3 is still above 0, and -0.1 * 3 is not
    assert steps(Lion(0.5), 4.0, -0.3) == pytest.approx([-0.5, -0.5])
    assert steps(Lion(0.5), 4.0, -3.0) == pytest.approx([-0.5, 0.5])


def test_muon_takes_a_kernel_for_the_matrix_of_its_filters():
    rng = np.random.default_rng(0)
    w, g = rng.standard_normal((2, 4, 3, 2, 2))
    kernel, matrix = Muon(0.1).update(w, g), Muon(0.1).update(w.reshape(4, 12), g.reshape(4, 12))
    assert np.array_equal(kernel.reshape(4, 12), matrix)
    values = np.linalg.svd(Muon(1.0, weight_decay=0.0, rms_rate=1.0).update(0 * w, g).reshape(4, 12), compute_uv=False)
    assert (abs(values / np.sqrt(12) - 1) < 0.4).all()


def test_the_running_mean_begins_with_the_first_weights():
    mean, w = ExponentialMovingAverage(SGD(1.0), momentum=0.5), np.zeros(1)
    for _ in range(3):
        w = mean.update(w, np.ones(1))
    assert (w.item(), mean.a) == (-3.0, -2.25)


@pytest.mark.parametrize("form", ["local", "finite-difference"])
def test_without_noise_the_rate_of_vsgd_is_the_inverse_curvature(form):
    vsgd, k = VSGD(curvature=form, slow_start=2, slow_constant=1.0), np.array([0.25, 40.0])
    w = np.array([3.0, -2.0])
    for _ in range(3):
        w = vsgd.update(w, k * w, gradient=lambda w: k * w, hessian=lambda v: k * v)
    assert w == pytest.approx([0.0, 0.0], abs=1e-12)


def test_vsgd_cannot_do_without_the_curvature():
    with pytest.raises(ValueError, match="cannot be measured"):
        VSGD().update(np.ones(1), np.ones(1))


def test_without_noise_the_rate_of_adasecant_is_the_inverse_curvature():
    secant, k, w = (
        AdaSecant(adagrad=False, gamma_clip=0.0, epsilon=1e-30),
        np.array([0.25, 40.0]),
        np.array([3.0, -2.0]),
    )
    for _ in range(2):
        w = secant.update(w, k * w)
    assert w == pytest.approx([0.0, 0.0], abs=1e-9)
