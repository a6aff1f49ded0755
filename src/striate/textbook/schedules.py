"""Learning-rate schedules: the learning rate as a function of the step t = 0, 1, 2, ...

Near the optimum smaller steps are needed than far from it (lecture 003 L475-482, lecture 001 L1103-1118).
"""

import math

__all__ = [
    "constant",
    "cosine_decay",
    "cosine_decay_restarts",
    "cyclic_rate",
    "exponential_decay",
    "inverse_time_decay",
    "linear_warmup",
    "one_cycle",
    "polynomial_decay",
    "step_decay",
]


def constant(step: float, learning_rate: float) -> float:  # noqa: ARG001 - all schedules are functions of the step
    """Keep the learning rate.

    r(t) = r0

    Shape:   a number -> a number
    Source:  lecture 001 L1062-1072.
    Example: >>> constant(1000, 0.1)
             0.1
    """
    return learning_rate


def step_decay(step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float = 0.5) -> float:
    """Multiply the learning rate by a factor every so many steps.

    r(t) = r0 * decay_rate^floor(t / decay_steps)

    Shape:   a number -> a number
    Args:    decay_steps: steps from one cut to the next.
             decay_rate: the factor; 0.5 halves.
    Source:  lecture 001 L1105-1108.
    Example: >>> [step_decay(t, 0.1, 10) for t in (0, 9, 10, 25)]
             [0.1, 0.1, 0.05, 0.025]
    """
    return initial_learning_rate * decay_rate ** (step // decay_steps)


def exponential_decay(
    step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float = 1 / math.e
) -> float:
    """Multiply the learning rate by the same factor at every step.

    r(t) = r0 * decay_rate^(t / decay_steps),
    which is the lecture's r0 * e^(-k t) for k = -ln(decay_rate) / decay_steps

    Shape:   a number -> a number
    Args:    decay_steps: steps in which the learning rate falls by decay_rate.
             decay_rate: the factor of that fall.
    Source:  lecture 001 L1110-1112.
    Example: >>> round(exponential_decay(20, 0.1, decay_steps=10, decay_rate=0.5), 6)
             0.025
    """
    return initial_learning_rate * decay_rate ** (step / decay_steps)


def inverse_time_decay(step: float, initial_learning_rate: float, decay_steps: float, decay_rate: float = 1.0) -> float:
    """Let the learning rate fall as 1/t.

    r(t) = r0 / (1 + k t),  k = decay_rate / decay_steps

    Shape:   a number -> a number
    Args:    decay_steps: steps after which r0 is divided by 1 + decay_rate.
             decay_rate: how fast it falls.
    Source:  Robbins & Monro 1951, doi:10.1214/aoms/1177729586; lecture 001 L1114-1118.
    Example: >>> [inverse_time_decay(t, 0.1, 10) for t in (0, 10, 30)]
             [0.1, 0.05, 0.025]
    """
    return initial_learning_rate / (1 + decay_rate * step / decay_steps)


def cosine_decay(step: float, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0) -> float:
    """Lower the learning rate along half a cosine: slowly, fast, slowly.

    r(t) = r0 * (alpha + (1 - alpha) * (1 + cos(pi * t / decay_steps)) / 2),  and r0 * alpha after decay_steps

    Shape:   a number -> a number
    Args:    decay_steps: steps until the end.
             alpha: share of r0 that is left at the end.
    Source:  Loshchilov & Hutter 2017, doi:10.48550/arXiv.1608.03983.
    Example: >>> [round(cosine_decay(t, 0.1, 100), 6) for t in (0, 50, 100, 200)]
             [0.1, 0.05, 0.0, 0.0]
    """
    fall = (1 + math.cos(math.pi * min(step, decay_steps) / decay_steps)) / 2
    return initial_learning_rate * (alpha + (1 - alpha) * fall)


def polynomial_decay(
    step: float, initial_learning_rate: float, decay_steps: float, end_learning_rate: float = 0.0, power: float = 1.0
) -> float:
    """Lower the learning rate to another one along a power of what is left of the way.

    r(t) = e + (r0 - e) * (1 - t / decay_steps)^power,  and e after decay_steps

    Shape:   a number -> a number
    Args:    decay_steps: steps until the end.
             end_learning_rate: e.
             power: 1 is a line.
    Source:  Keras 3, keras.optimizers.schedules.PolynomialDecay.
    Example: >>> [round(polynomial_decay(t, 0.5, 100, 0.1, power=2), 6) for t in (0, 50, 100, 200)]
             [0.5, 0.2, 0.1, 0.1]
    """
    left = 1 - min(step, decay_steps) / decay_steps
    return end_learning_rate + (initial_learning_rate - end_learning_rate) * left**power


def cosine_decay_restarts(
    step: float, initial_learning_rate: float, first_decay_steps: float, t_mul: float = 2.0, m_mul: float = 1.0
) -> float:
    """Lower the learning rate to 0 along half a cosine, jump back up, and do so again over a longer time.

    r(t) = r0 * m_mul^i * (1 + cos(pi * s / T_i)) / 2,  T_i = first_decay_steps * t_mul^i,
    s = t - (T_0 + ... + T_(i-1)) < T_i

    Shape:   a number -> a number
    Args:    first_decay_steps: T_0, the steps of the first fall.
             t_mul: how many times longer each fall is than the one before, at least 1.
             m_mul: how many times higher each jump is than the one before.
    Source:  Loshchilov & Hutter 2017, doi:10.48550/arXiv.1608.03983.
    Example: >>> [round(cosine_decay_restarts(t, 0.1, 100), 6) for t in (0, 50, 100, 200, 300)]
             [0.1, 0.05, 0.1, 0.05, 0.1]
    """
    height, length = initial_learning_rate, first_decay_steps
    while step >= length:
        step, length, height = step - length, length * t_mul, height * m_mul
    return height * (1 + math.cos(math.pi * step / length)) / 2


def cyclic_rate(
    step: float,
    base_learning_rate: float,
    maximal_learning_rate: float,
    step_size: float,
    mode: str = "triangular",
    gamma: float = 1.0,
) -> float:
    """Let the learning rate rise along a line and fall along another, again and again.

    cycle = floor(1 + t / (2 step_size)),  x = |t / step_size - 2 cycle + 1|
    r(t) = base + (max - base) * max(0, 1 - x) * k,
    k = 1 ("triangular"), 1 / 2^(cycle - 1) ("triangular2") or gamma^t ("exp_range")

    Shape:   a number -> a number
    Args:    base_learning_rate: where it rises from.
             maximal_learning_rate: the first peak.
             step_size: steps of a rise, and of a fall.
             mode: whether the peaks stay, halve with every cycle, or sink with every step.
             gamma: factor by which they sink with every step.
    Source:  Smith 2017, doi:10.48550/arXiv.1506.01186.
    Example: >>> [round(cyclic_rate(t, 0.1, 0.4, 10, "triangular2"), 6) for t in (0, 5, 10, 20, 30)]
             [0.1, 0.25, 0.4, 0.1, 0.25]
    """
    cycle = math.floor(1 + step / (2 * step_size))
    x = abs(step / step_size - 2 * cycle + 1)
    k = {"triangular": 1.0, "triangular2": 1 / 2 ** (cycle - 1), "exp_range": gamma**step}[mode]
    return base_learning_rate + (maximal_learning_rate - base_learning_rate) * max(0.0, 1 - x) * k


def linear_warmup(step: float, warmup_target: float, warmup_steps: float, initial_learning_rate: float = 0.0) -> float:
    """Raise the learning rate along a line, then keep it.

    r(t) = r0 + (target - r0) * min(t / warmup_steps, 1)

    Shape:   a number -> a number
    Args:    warmup_target: the learning rate at the end of the line.
             warmup_steps: steps until there; with 0 it begins there.
             initial_learning_rate: r0.
    Source:  Goyal et al. 2017, doi:10.48550/arXiv.1706.02677.
    Example: >>> [linear_warmup(t, 0.5, 10) for t in (0, 5, 10, 20)]
             [0.0, 0.25, 0.5, 0.5]
    """
    share = min(step / warmup_steps, 1.0) if warmup_steps > 0 else 1.0
    return initial_learning_rate + (warmup_target - initial_learning_rate) * share


def one_cycle(
    step: float,
    maximal_learning_rate: float,
    total_steps: int,
    rising: float = 0.3,
    start_divisor: float = 25.0,
    end_divisor: float = 1e4,
) -> float:
    """Raise the learning rate to a peak and lower it far below where it began, along two half cosines.

    r(t) = a + (b - a) * (1 - cos(pi * share)) / 2,  from a = peak/start_divisor to b = peak during the first part,
    then from a = peak to b = peak/start_divisor/end_divisor; share runs from 0 to 1 in each part

    The peak is at step rising*total_steps - 1, the end at step total_steps - 1 (torch's counting).

    Shape:   a number -> a number
    Args:    maximal_learning_rate: the peak.
             total_steps: steps of the whole cycle.
             rising: share of the steps before the peak.
             start_divisor: peak over start.
             end_divisor: start over end.
    Source:  Smith & Topin 2018, doi:10.48550/arXiv.1708.07120.
    Example: >>> [round(one_cycle(t, 1.0, 11, rising=6 / 11), 6) for t in (0, 5, 10)]
             [0.04, 1.0, 4e-06]
    """
    start = maximal_learning_rate / start_divisor
    peak, end = rising * total_steps - 1, total_steps - 1
    if step < peak:
        a, b, share = start, maximal_learning_rate, step / peak
    else:
        a, b, share = maximal_learning_rate, start / end_divisor, min((step - peak) / (end - peak), 1.0)
    return a + (b - a) * (1 - math.cos(math.pi * share)) / 2
