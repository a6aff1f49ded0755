"""Activation functions and softmax."""

import numpy as np
import pytest

from striate.textbook import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    Linear,
    LogSoftmax,
    Mish,
    PReLU,
    Ramp,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Softsign,
    Step,
    Swish,
    Tanh,
    sigmoid,
    softmax,
)


def forward(brick, *numbers):
    return brick.forward(np.array([numbers], dtype=float), {})[0]


def slope(brick, *numbers):
    forward(brick, *numbers)
    return brick.backward(np.ones((1, len(numbers))))[0][0]


@pytest.mark.parametrize(
    ("x", "value", "derivative"),
    [
        (-5, 0.01, 0.01),
        (-4, 0.02, 0.02),
        (-3, 0.05, 0.05),
        (-2, 0.12, 0.10),
        (-1, 0.27, 0.20),
        (0, 0.50, 0.25),
        (1, 0.73, 0.20),
        (2, 0.88, 0.10),
        (3, 0.95, 0.05),
        (4, 0.98, 0.02),
        (5, 0.99, 0.01),
    ],
)
def test_the_sigmoid_table_of_lecture_002_comes_out(x, value, derivative):
    """Lecture 002 L309-320."""
    assert forward(Sigmoid(), x).round(2) == value
    assert slope(Sigmoid(), x).round(2) == derivative


def test_the_sigmoid_saturates_at_10_and_has_slope_a_quarter_at_0():
    """The quiz of lecture 003 L325-355."""
    assert slope(Sigmoid(), -10, 0, 10) == pytest.approx([4.5396e-5, 0.25, 4.5396e-5], rel=1e-5)


def test_the_sigmoid_has_the_slope_of_lecture_003():
    """Lecture 003 L293: 1 / ((1 + e^x)(1 + e^-x))."""
    x = np.linspace(-30, 30, 61)
    np.testing.assert_allclose(slope(Sigmoid(), *x), 1 / ((1 + np.exp(x)) * (1 + np.exp(-x))), rtol=1e-12)


def test_the_sigmoid_overflows_for_no_number():
    assert sigmoid(np.array([-1e4, 1e4])).tolist() == [0, 1]
    assert sigmoid(np.array([-700.0])).item() == pytest.approx(np.exp(-700.0))


def test_the_relu_passes_positive_numbers_only():
    assert forward(ReLU(), -10, 0, 10).tolist() == [0, 0, 10]


def test_the_relu_has_slope_0_at_0():
    assert slope(ReLU(), -10, 0, 10).tolist() == [0, 0, 1]


def test_the_leaky_relu_passes_a_hundredth_of_negative_numbers():
    assert forward(LeakyReLU(), -10, 0, 10).tolist() == [-0.1, 0, 10]
    assert slope(LeakyReLU(), -10, 10).tolist() == [0.01, 1]
    assert forward(LeakyReLU(negative_slope=0.1), -10).tolist() == [-1]


def test_the_elu_bends_towards_minus_alpha():
    assert forward(ELU(alpha=2.0), -100, 0, 3) == pytest.approx([-2, 0, 3])
    assert slope(ELU(alpha=2.0), -1, 3) == pytest.approx([2 / np.e, 1])
    assert forward(ELU(), 1000.0).tolist() == [1000]


def test_the_tanh_has_slope_one_over_cosh_squared():
    """Lecture 003 L294."""
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(slope(Tanh(), *x), 1 / np.cosh(x) ** 2, rtol=1e-12)
    np.testing.assert_allclose(forward(Tanh(), *x), 1 - 2 / (1 + np.exp(2 * x)), atol=1e-15)


def test_the_ramp_is_cut_off_at_both_ends_where_lecture_003_prints_a_constant():
    """Lecture 003 L296 has min(-1, max(1, x)), which is -1 for every x; its slope is the right one."""
    assert forward(Ramp(), -3, -1, -0.5, 0.5, 1, 3).tolist() == [-1, -1, -0.5, 0.5, 1, 1]
    assert slope(Ramp(), -3, -0.5, 0.5, 3).tolist() == [0, 1, 1, 0]


def test_the_step_is_1_from_its_threshold_on_and_has_no_slope():
    assert forward(Step(), -1e-9, 0, 1e-9).tolist() == [0, 1, 1]
    assert forward(Step(threshold=2.0), 1.999, 2, 3).tolist() == [0, 1, 1]
    assert slope(Step(), -1, 0, 1).tolist() == [0, 0, 0]


def test_selu_keeps_mean_0_and_variance_1():
    """Integrals over a standard normal number."""
    x = np.linspace(-12, 12, 200_001)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    y = forward(SELU(), *x)
    assert (density * y).sum() == pytest.approx(0, abs=1e-9)
    assert (density * y**2).sum() == pytest.approx(1, abs=1e-9)


def test_gelu_is_the_share_of_smaller_normal_numbers_and_tanh_comes_near_it():
    """P(1) = 0.8413447."""
    assert forward(GELU(), 1, -1) == pytest.approx([0.8413447, -0.1586553], abs=1e-7)
    assert forward(GELU(approximate=True), 1, -1) == pytest.approx([0.8413447, -0.1586553], abs=2e-4)


def test_the_soft_ones_approach_the_hard_ones_far_out():
    assert forward(Softplus(), -800, 0, 800).tolist() == pytest.approx([0, np.log(2), 800])
    assert forward(Softsign(), -3, 0, 1).tolist() == [-0.75, 0, 0.5]
    for brick in (Swish(), Mish(), HardSwish(), GELU()):
        assert forward(brick, -800, 0, 800) == pytest.approx([0, 0, 800], abs=1e-9)
    assert forward(HardSigmoid(), -3, 0, 3).tolist() == [0, 0.5, 1]


def test_log_softmax_is_the_logarithm_of_softmax_and_does_not_overflow():
    x = np.random.default_rng(0).standard_normal((4, 10, 3, 2))
    np.testing.assert_allclose(np.exp(LogSoftmax().forward(x, {})), softmax(x), rtol=1e-13)
    assert forward(LogSoftmax(), 1e4, 0).tolist() == [0, -1e4]


@pytest.mark.parametrize("shape", [(3, 2, 4), (1, 1, 4), (3, 1, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_the_slopes_of_a_prelu_are_learned_together_where_they_are_shared(check_gradients, off_kinks, shape, seed):
    rng = np.random.default_rng(seed)
    x = off_kinks(rng.standard_normal((2, 4, 3, 2)))
    check_gradients(PReLU(), x, {"weight": rng.standard_normal(shape)}, seed, "weight")


def test_the_linear_activation_does_nothing():
    assert forward(Linear(), -2, 3).tolist() == [-2, 3]
    assert slope(Linear(), -2, 3).tolist() == [1, 1]


def test_softmax_gives_probabilities_that_sum_to_1():
    """Lecture 000 L243-248."""
    y = softmax(np.random.default_rng(0).standard_normal((4, 10, 3, 2)))
    assert (y > 0).all()
    np.testing.assert_allclose(y.sum(axis=1), 1.0, rtol=1e-14)


def test_softmax_of_logarithms_gives_shares():
    assert softmax(np.log([[1.0, 2.0, 5.0]])) == pytest.approx(np.array([[0.125, 0.25, 0.625]]))


def test_softmax_overflows_for_no_scores():
    assert softmax(np.array([[1e4, 0.0, -1e4]])).tolist() == [[1, 0, 0]]


def test_the_same_gradient_on_all_probabilities_moves_no_score():
    """They always sum to 1, so pushing all of them up alike does nothing."""
    brick = Softmax()
    brick.forward(np.array([[1.0, 2.0, 3.0]]), {})
    np.testing.assert_allclose(brick.backward(np.full((1, 3), 7.0))[0], 0.0, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "brick"),
    [
        ("relu", ReLU),
        ("leaky_relu", LeakyReLU),
        ("elu", ELU),
        ("sigmoid", Sigmoid),
        ("tanh", Tanh),
        ("softmax", Softmax),
        ("linear", Linear),
        (None, Linear),
        ("LeakyReLU", LeakyReLU),
        ("re_lu", ReLU),
        ("gelu", GELU),
        ("hard_sigmoid", HardSigmoid),
        ("silu", Swish),
        ("swish", Swish),
        ("hard_silu", HardSwish),
        ("hard_tanh", Ramp),
        ("log_softmax", LogSoftmax),
    ],
)
def test_an_activation_is_the_brick_of_its_name(name, brick):
    x, dy = np.array([[-1.0, 0.5, 2.0]]), np.array([[1.0, 2.0, 3.0]])
    named, itself = Activation(activation=name), brick()
    np.testing.assert_array_equal(named.forward(x, {}), itself.forward(x, {}))
    np.testing.assert_array_equal(named.backward(dy)[0], itself.backward(dy)[0])


def test_an_unknown_activation_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no activation is called 'rleu'; known: elu, gelu, hardsigmoid, hardsilu"):
        Activation("rleu")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize(
    "brick",
    [
        Linear(),
        ReLU(),
        LeakyReLU(),
        LeakyReLU(negative_slope=0.3),
        ELU(),
        ELU(alpha=0.5),
        Sigmoid(),
        Tanh(),
        Softmax(),
        Activation("tanh"),
        SELU(),
        GELU(),
        GELU(approximate=True),
        Swish(),
        HardSwish(),
        HardSigmoid(),
        Mish(),
        Softplus(),
        Softsign(),
        LogSoftmax(),
    ],
    ids=lambda brick: type(brick).__name__,
)
def test_the_backward_rule_agrees_with_trying(check_gradients, off_kinks, brick, shape, seed):
    x = off_kinks(2 * np.random.default_rng(seed).standard_normal(shape))
    check_gradients(brick, x, {}, seed)
