"""Optimizers that need no learning rate: they find one for every weight from how its gradients vary.

Their `learning_rate` is a factor of the steps that they choose, 1 by default.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch

from striate.errors import ArgumentError
from striate.optimizers.base import Optimizer, Parameters, RateLike, Rule, Tensors, Uncompiled
from striate.units import Count, Factor, Fraction, Positive

__all__ = ["VSGD", "AdaSecant"]

TINY = 1e-30
"""Keeps quotients of averages finite: 0 divided by it is 0."""

LEAST_SHIFT = 1e-10
"""Below it the quotient of a difference is rounding; it becomes a curvature so large that nothing moves."""

ROUNDING = 1e-6
"""Share of a mean square that may be rounding: what is all but constant has no outliers."""

LEAST_SHRINK = 1e-6
"""What a gradient is divided by is at least this share of the length of the one before, lest the change overflows."""

LONGEST = 1e8
"""Steps that a memory may hold."""

MEMORY = ("gradient", "d", "T", "g", "g2", "a", "a2", "ad", "d1", "d2", "over", "under", "sum")
"""What AdaSecant remembers of a weight: the last gradient and step, T, averages, the sum of squares."""


@dataclass(frozen=True)
class VSGD(Optimizer):
    """No more pesky learning rates: step by what is certain of a gradient, divided by the curvature.

    Running averages m of g, v of g**2, h of the curvature c, q of c**2, each x <- x + (new - x)/T, T of every weight:
    w <- w - r * m**2/v * g/h    ("finite-difference": r * m**2/v * h/q * g),    T <- (1 - m**2/v)*T + 1

    m**2/v is 1 where all gradients agree and near 0 where they are noise; so the noise ends the steps, and a
    memory T becomes long where steps are small. Without noise and with slow_constant = 1 the rate is 1/curvature, Newton's.

    Where g or c is further than two deviations from its mean, T grows by 1 before the averages take it in.

    On MNIST (LeNet5's sizes with ReLU and max-pooling, 64 images a batch, nothing augmented) it stood at 98.33, 98.28,
    98.62, 98.80 and 97.96 % of the test images after 5 epochs with five seeds; with three of them at 98.57, 98.45 and
    98.29 % after 10. It goes on rising, and ever more slowly: the memories grow with the number of
    steps, and the rates fall with them. Finite differences of noisy gradients near 0 make it slower still.

    A step needs the gradient once more: `curvature` is |z * Hz| for a random z of ones and minus ones ("local": H is the
    matrix of second derivatives, and for a diagonal one this is the curvature; the papers have it from a backward pass
    of squares, which autograd has not), or |g(w + m) - g(w)| / |m| ("finite-difference").

    Args:    curvature: "local", or "finite-difference", which asks no second derivative.
             slow_start: batches that are averaged before the first step.
             slow_constant: by how much v is overestimated then, so that the first steps are small (papers: a tenth of
                 the number of weights; with 2 and a small epsilon the first steps of some networks ruined them).
             epsilon: the least curvature that is believed; rates are at most 1/epsilon.
    Source:  Schaul, Zhang & LeCun 2013, arXiv:1206.1106 (vSGD-l); outliers and finite differences: Schaul & LeCun 2013,
             arXiv:1301.3764 (vSGD-fd); lecture 000 L498
    Example: >>> VSGD(curvature="finite-difference")
             VSGD(curvature='finite-difference')
    """

    learning_rate: RateLike = 1.0
    curvature: Literal["local", "finite-difference"] = "local"
    slow_start: Count = 10
    slow_constant: Positive = 10.0
    epsilon: Positive = 1e-2

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return _VSGD(parameters, rate, self)


class _VSGD(Uncompiled):
    reevaluates = True

    def __init__(self, parameters: Parameters, rate: float, chosen: VSGD) -> None:
        super().__init__(parameters, {"lr": rate})
        self.chosen = chosen

    def step(self, closure: Any = None) -> None:  # ty: ignore[incompatible-method-override]
        """Move every weight that has a gradient; `closure` computes the gradients of the same batch once more."""
        if closure is None:
            raise ArgumentError("VSGD needs the gradients of a batch twice", fix="step(closure)")
        rates = {weight: group["lr"] for group in self.param_groups for weight in group["params"]}
        weights = [weight for weight in rates if weight.grad is not None]
        gradients = [gradient.detach().clone() for gradient in _gradients(weights)]
        for weight, gradient in zip(weights, gradients, strict=True):
            if not self.state[weight]:
                new = {name: torch.zeros_like(weight) for name in ("mean", "v", "h", "q", "memory")}
                self.state[weight].update(new, t=0)
                new["mean"].copy_(gradient)  # the first shift
            self.state[weight]["t"] += 1
        if self.chosen.curvature == "local":
            curvatures = _probed(closure, weights, [self.state[weight]["t"] for weight in weights])
        else:
            curvatures = _differences(closure, weights, gradients, [self.state[weight]["mean"] for weight in weights])
        for weight, gradient, curvature in zip(weights, gradients, curvatures, strict=True):
            weight.grad = gradient
            self._move(rates[weight], weight, gradient, curvature, self.state[weight])

    def _move(self, rate: float, weight: torch.Tensor, g: torch.Tensor, c: torch.Tensor, state: dict[str, Any]) -> None:
        mean, v, h, q, memory = (state[name] for name in ("mean", "v", "h", "q", "memory"))
        chosen, slow = self.chosen, state["t"] <= self.chosen.slow_start
        if slow:
            memory.fill_(state["t"])  # the averages are means of all so far
        else:
            if state["t"] == chosen.slow_start + 1:
                v.mul_(chosen.slow_constant)
            memory.add_(_far_off(g, mean, v) | _far_off(c, h, q))
        torch._foreach_lerp_([mean, v, h, q], [g, g.square(), c, c.square()], [memory.reciprocal()] * 4)
        if slow:
            return
        certain = mean.square().div_(v.clamp(min=TINY))
        if chosen.curvature == "local":
            step = certain / h.clamp(min=chosen.epsilon)
        else:
            step = certain * h / q.clamp(min=chosen.epsilon**2)
        weight.addcmul_(step, g, value=-rate)
        memory.addcmul_(certain, memory, value=-1).add_(1).clamp_(min=1)


def _probed(closure: Any, weights: Tensors, steps: list[int]) -> Tensors:
    """|z * Hz| with random signs z, the same at the same step, so that a run that is taken up again goes on as before."""
    generator = torch.Generator().manual_seed(max(steps, default=0))
    signs = [torch.randint(0, 2, weight.shape, generator=generator).mul_(2).sub_(1).to(weight) for weight in weights]
    with torch.enable_grad():
        closure(create_graph=True)
        # The gradient of a weight in which the loss is a plane has no graph.
        curved = [number for number, gradient in enumerate(_gradients(weights)) if gradient.requires_grad]
        product = sum((signs[number] * _gradients(weights)[number]).sum() for number in curved)
        if not isinstance(product, torch.Tensor):
            return [torch.zeros_like(weight) for weight in weights]
        products = torch.autograd.grad(product, weights, materialize_grads=True)
    return [(z * product).abs() for z, product in zip(signs, products, strict=True)]


def _differences(closure: Any, weights: Tensors, gradients: Tensors, shifts: Tensors) -> Tensors:
    """|g(w + shift) - g(w)| / |shift|."""
    before = [weight.detach().clone() for weight in weights]
    torch._foreach_add_(weights, shifts)
    with torch.enable_grad():
        closure()
    torch._foreach_copy_(weights, before)
    changes = torch._foreach_sub(_gradients(weights), gradients)
    return [
        change.abs_().div_(shift.abs().clamp_(min=LEAST_SHIFT)) for change, shift in zip(changes, shifts, strict=True)
    ]


def _gradients(weights: Tensors) -> Tensors:
    return [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in weights]


def _far_off(value: torch.Tensor, mean: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
    """Where a value is further from its running mean than two deviations; `square` is the running mean square."""
    return (value - mean).square_() > 4 * (square - mean.square()) + ROUNDING * square


@dataclass(frozen=True)
class AdaSecant(Optimizer):
    """Find every weight's rate from how much its gradient changed over the last steps: the secant method, with noise.

    g is the gradient of a weight (all of a kernel, say) divided by its length, o the one before it divided by the same
    length, a = g - o, d the step between them. E[...] are running averages: of g and g**2 with the share rho, of the
    others with the memory T of every weight.
    c = E[(o - g)*(o - E[g])] / E[(o - E[g])*(g - E[g])], between 0 and gamma_clip: much where gradients are noise
    n = sqrt(E[d**2] + epsilon) / sqrt(E[a**2] + epsilon) - (E[a*d] - E[a]*E[d]) / (E[a**2] + epsilon), at least 0
    d <- -r * n * (g + c*E[g]) / (1 + c),    w <- w + d,    T <- (1 - E[d]**2/E[d**2])*T + 1

    With adagrad d is divided by sqrt(sum of g**2) where that is above 1, so that the steps end. Where g or a is further
    than two deviations from its mean, T becomes 2.2. The first step is -r*g.

    On MNIST (as under VSGD) it stood at 98.68, 98.75, 98.80 and 98.49 % of the test images after 8 epochs with four seeds,
    at 98.70 % after 7 with a fifth.

    The paper divides both gradients of a change by their own lengths, which hides the curvature along a straight line,
    and in the end puts E[a*d] for the covariance, which makes n 0 where there is no noise. Here, with the covariance of
    its derivation, n of such a quadratic is 1/curvature (times the length of the gradient, by which g is divided).

    Args:    rho: share of E[g] and E[g**2] that is kept.
             gamma_clip: the most that the mean counts beside a gradient.
             adagrad: whether to let the steps shrink.
             epsilon: starts the steps off, and keeps the quotients finite.
    Source:  Gulcehre & Bengio 2014, arXiv:1412.7419; lecture 000 L497
    Example: >>> AdaSecant(rho=0.9)
             AdaSecant(rho=0.9)
    """

    learning_rate: RateLike = 1.0
    rho: Fraction = 0.95
    gamma_clip: Factor = 1.8
    adagrad: bool = True
    epsilon: Positive = 1e-6

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return Rule(parameters, rate, self._move, MEMORY)

    def _move(self, rate: float, weights: Tensors, gradients: Tensors, memory: list[Tensors], steps: list[int]) -> None:
        lengths = torch._foreach_norm(gradients)
        before = torch._foreach_norm(memory[0])
        torch._foreach_mul_(before, LEAST_SHRINK)
        torch._foreach_maximum_(lengths, torch._foreach_clamp_min(before, TINY))
        for weight, gradient, length, t, *kept in zip(weights, gradients, lengths, steps, *memory, strict=True):
            step = self._step(gradient / length, t, length, dict(zip(MEMORY, kept, strict=True))).mul_(rate)
            weight.add_(step)
            kept[0].copy_(gradient)
            kept[1].copy_(step)

    def _step(self, g: torch.Tensor, t: int, length: torch.Tensor, kept: dict[str, torch.Tensor]) -> torch.Tensor:
        d, T, mean, square = (kept[name] for name in ("d", "T", "g", "g2"))  # noqa: N806 - the formula's letter
        if t == 1:
            mean.copy_(g)
            square.copy_(g.square())
            T.fill_(2.2)
            kept["sum"].addcmul_(g, g)
            return -g
        o = kept["gradient"] / length
        a = g - o
        averages = [kept[name] for name in ("a", "a2", "ad", "d1", "d2", "over", "under")]
        values = [a, a.square(), a * d, d, d.square(), (o - g) * (o - mean), (o - mean) * (g - mean)]
        if t == 2:
            torch._foreach_copy_(averages, values)
        else:
            T.masked_fill_(_far_off(g, mean, square) | _far_off(a, kept["a"], kept["a2"]), 2.2)
            torch._foreach_lerp_(averages, values, [T.reciprocal()] * len(averages))
        a1, a2, ad, d1, d2, over, under = averages
        torch._foreach_lerp_([mean, square], [g, g.square()], 1 - self.rho)
        n = ((d2 + self.epsilon) / (a2 + self.epsilon)).sqrt_() - (ad - a1 * d1) / (a2 + self.epsilon)
        c = (over / under.clamp(min=TINY)).clamp_(0, self.gamma_clip)
        T.addcmul_(d1.square().div_(d2.clamp(min=TINY)), T, value=-1).add_(1).clamp_(1, LONGEST)
        kept["sum"].addcmul_(g, g)
        step = n.clamp_(min=0).mul_(g + c * mean).div_(c.add_(1)).neg_()
        return step.div_(kept["sum"].sqrt().clamp_(min=1)) if self.adagrad else step
