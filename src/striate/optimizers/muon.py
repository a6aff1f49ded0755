"""Optimizers that treat a weight as the matrix it is."""

import math
from dataclasses import dataclass

import torch

from striate.optimizers.base import Optimizer, Parameters, RateLike, Rule, Tensors
from striate.units import Count, Factor, Fraction, Positive

__all__ = ["Muon"]

COEFFICIENTS = 3.4445, -4.775, 2.0315


@dataclass(frozen=True)
class Muon(Optimizer):
    """Step along a matrix whose singular values are all about 1: what is rare in the gradients counts as much as the rest.

    m <- momentum*m + g,    d = g + momentum*m with nesterov, else m
    x = d / |d|,    ns_steps times x <- a*x + (b*y + c*y*y)*x with y = x*x',    a, b, c = 3.4445, -4.775, 2.0315
    w <- w - r*weight_decay*w,    w <- w - r * rms_rate * sqrt(max(rows, columns)) * x

    A kernel (filters, channels, h, w) is the matrix of `filters` rows. Vectors (biases, scales) are moved by AdamW with
    the arguments adam_*. The author leaves the first and the last layer to AdamW too; an optimizer is not told which
    these are, so that here they are moved as the others. With rms_rate a step is as large as one of Adam, so that
    Adam's rates do; the author's own scale is sqrt(max(1, rows/columns)) at rates of about 0.02.

    Args:    adam_beta_1, adam_beta_2, epsilon: AdamW's, for vectors.
             adam_weight_decay: share of a vector that a step at rate 1 takes off.
             weight_decay: the same for matrices.
             momentum: share of the velocity m that is kept.
             ns_steps: steps of the Newton-Schulz iteration.
             nesterov: whether to look ahead to where the momentum leads.
             ns_bfloat16: whether the iteration is in bfloat16, as the author's is: its rounding hardly matters, and a
             processor that has bfloat16 needs half the time.
             rms_rate: root mean square of an element's step at rate 1, for a matrix of full rank.
    Source:  Jordan et al. 2024, kellerjordan.github.io/posts/muon; rms_rate: Liu et al. 2025, arXiv:2502.16982
    Example: >>> Muon(0.002)
             Muon(learning_rate=0.002)
    """

    learning_rate: RateLike = 0.001
    adam_beta_1: Fraction = 0.9
    adam_beta_2: Fraction = 0.999
    adam_weight_decay: Factor = 0.004
    epsilon: Positive = 1e-7
    weight_decay: Factor = 0.004
    momentum: Fraction = 0.95
    ns_steps: Count = 5
    nesterov: bool = True
    rms_rate: Positive = 0.2
    ns_bfloat16: bool = False

    def build(self, parameters: Parameters, rate: float, fused: bool = True) -> torch.optim.Optimizer:
        return Rule(parameters, rate, self._move, "mv")

    def _move(self, rate: float, weights: Tensors, gradients: Tensors, memory: list[Tensors], steps: list[int]) -> None:
        every = list(zip(weights, gradients, *memory, steps, strict=True))
        for weight, gradient, m, _, _ in every:
            if weight.dim() > 1:
                self._move_matrix(rate, weight, gradient, m)
        vectors = [each for each in every if each[0].dim() < 2]
        if vectors:
            self._move_vectors(rate, *map(list, zip(*vectors, strict=True)))

    def _move_matrix(self, rate: float, weight: torch.Tensor, gradient: torch.Tensor, m: torch.Tensor) -> None:
        m.mul_(self.momentum).add_(gradient)
        direction = gradient.add(m, alpha=self.momentum) if self.nesterov else m
        matrix = direction.reshape(len(weight), -1)
        scale = self.rms_rate * math.sqrt(max(matrix.shape))
        weight.mul_(1 - rate * self.weight_decay)
        x = _orthogonalised(matrix.bfloat16() if self.ns_bfloat16 else matrix, self.ns_steps)
        weight.sub_(x.reshape(weight.shape), alpha=rate * scale)

    def _move_vectors(
        self, rate: float, weights: Tensors, gradients: Tensors, m: Tensors, v: Tensors, steps: list[int]
    ) -> None:
        torch._foreach_mul_(weights, 1 - rate * self.adam_weight_decay)
        torch._foreach_lerp_(m, gradients, 1 - self.adam_beta_1)
        torch._foreach_mul_(v, self.adam_beta_2)
        torch._foreach_addcmul_(v, gradients, gradients, 1 - self.adam_beta_2)
        divisors = torch._foreach_sqrt(v)
        torch._foreach_div_(divisors, [math.sqrt(1 - self.adam_beta_2**t) for t in steps])
        torch._foreach_add_(divisors, self.epsilon)
        torch._foreach_addcdiv_(weights, m, divisors, [-rate / (1 - self.adam_beta_1**t) for t in steps])


def _orthogonalised(matrix: torch.Tensor, steps: int) -> torch.Tensor:
    """The matrix with singular values near 1 in place of its own, by the Newton-Schulz iteration."""
    a, b, c = COEFFICIENTS
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix  # the smaller of the two products
    x = wide / wide.norm().clamp(min=1e-7)
    for _ in range(steps):
        y = x @ x.T
        x = torch.addmm(x, torch.addmm(y, y, y, beta=b, alpha=c), x, beta=a)
    return x.T if wide is not matrix else x
