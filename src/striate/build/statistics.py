"""Batch normalisation of a batch that is cut into shards: mean and variance of all of it, in threads or in processes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from striate.build.rewrites import BiasLeftOut, untouched

__all__ = ["share_statistics"]

Total = Callable[[torch.Tensor], torch.Tensor]
"""Adds a small tensor up over the shards, in their order, and gives each of them the sum."""

_OF_THE_BATCH = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def share_statistics(module: fx.GraphModule, total: Total, leads: Callable[[], bool] = lambda: True) -> int:
    """Let every batch normalisation of a training graph take the statistics of all shards; returns of how many.

    mean = sum over shards of n*mean_s / N;  var = sum over shards of n*(var_s + mean_s^2) / N - mean^2
    dx = gamma / sqrt(var + eps) * (dy - sum of dy / N - xhat * sum of dy*xhat / N), sums over all shards too

    The bricks share their weights and averages with those they stand for, which stay as they were. Shards may be of
    different sizes, or empty; each has to go forward and backward through the whole graph. The gradients of gamma and
    beta are those of the own shard, to be added up as all others are. Nothing is kept on the module in between, so
    threads may run one module at once. Normalisation that does not learn (trainable=False) needs no statistics.

    Args:
        module: a rewritten graph, which shares parameters.
        total: called once in the forward and once in the backward pass of each brick, by all shards.
        leads: whether the shard that asks moves the running averages: of threads that share them only one may, while
            processes hold a copy each.
    Errors:  ValueError in training where all shards together hold one value per channel, as in torch.
    Source:  Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115; Ioffe & Szegedy 2015, arXiv:1502.03167
    Example: >>> from striate.build import build, rewrite
             >>> from striate.layers import BatchNormalization
             >>> from striate.network import Network
             >>> net = build(Network.sequential([BatchNormalization(input_shape=(3,))]))
             >>> share_statistics(rewrite(net), lambda sums: sums)
             1
    """
    found = {node.target for node in module.graph.nodes if node.op == "call_module"}
    count = 0
    for target in sorted(found):
        brick = module.get_submodule(target)
        left_out = brick.bias if isinstance(brick, BiasLeftOut) else None
        brick = brick.normalization if isinstance(brick, BiasLeftOut) else brick
        if type(brick) in _OF_THE_BATCH:
            module.set_submodule(target, _OfAllShards(brick, left_out, total, leads))
            count += 1
    return count


class _OfAllShards(nn.Module):
    """A batch normalisation, with the parameters and averages of another, whose batch lies in several places."""

    running_mean: torch.Tensor
    running_var: torch.Tensor
    num_batches_tracked: torch.Tensor | None

    def __init__(self, alone: Any, left_out: nn.Parameter | None, total: Total, leads: Callable[[], bool]) -> None:
        super().__init__()
        self.weight, self.bias, self.left_out = alone.weight, alone.bias, left_out
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(alone, name))
        self.eps, self.momentum = alone.eps, alone.momentum
        self.total, self.leads = total, leads

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            x = x if self.left_out is None else x + self.left_out.view(-1, *[1] * (x.dim() - 2))
            return functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        with torch.no_grad():
            # In float64 nothing is lost between a mean of squares and the square of a mean, and one sum is enough.
            count, mean, square = self.total(_sums(x)).tensor_split((1, 1 + x.shape[1]))
            if count.item() < 2:
                raise ValueError(f"Expected more than 1 value per channel when training, got {count.item():g} of all")
            mean = mean / count
            var = (square / count - mean.square()).clamp_min(0)
            if self.leads():
                self._move(mean if self.left_out is None else mean + self.left_out, var * (count / (count - 1)))
        kind = _kind(x)
        beta = self.bias if self.left_out is None else untouched(self.bias, self.left_out)
        return _Normalised.apply(x, self.weight, beta, mean.to(kind), var.to(kind), count, self.eps, self.total)

    def _move(self, mean: torch.Tensor, unbiased: torch.Tensor) -> None:
        """Take the running averages one batch further."""
        share = self.momentum
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if share is None:
                share = 1 / self.num_batches_tracked.item()
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), share)


def _kind(x: torch.Tensor) -> torch.dtype:
    """What statistics are kept in."""
    return torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype


def _sums(x: torch.Tensor) -> torch.Tensor:
    """What a shard adds to the statistics, in float64: how many values, then for each channel their sum and of squares."""
    count, channels = x.numel() // x.shape[1], x.shape[1]
    if not count:
        return x.new_zeros(1 + 2 * channels, dtype=torch.float64)
    unused = x.new_zeros(2, channels, dtype=_kind(x))
    # torch's own pass over a batch, twenty times as fast as var_mean in channels_last memory.
    mean, var = (each.double() for each in torch.ops.aten.batch_norm_update_stats(x, unused[0], unused[1], 0.0))
    return torch.cat([mean.new_ones(1), mean, var + mean.square()]) * count


class _Normalised(torch.autograd.Function):
    """(x - mean) / sqrt(var + eps) * gamma + beta, where mean and var come from x, here and elsewhere."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        mean: torch.Tensor,
        var: torch.Tensor,
        count: torch.Tensor,
        eps: float,
        total: Total,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight, mean, var, count)
        ctx.eps, ctx.total = eps, total
        return functional.batch_norm(x, mean, var, weight, bias, training=False, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: torch.Tensor) -> Any:
        x, weight, mean, var, count = ctx.saved_tensors
        wants_dx, wants_gamma, wants_beta = ctx.needs_input_grad[:3]
        scale = torch.ones_like(mean) if weight is None else weight
        of_gamma, of_beta = torch.zeros_like(mean), torch.zeros_like(mean)
        if len(x):  # torch divides by that
            _, of_gamma, of_beta = torch.ops.aten.native_batch_norm_backward(
                dy, x, scale, mean, var, None, None, False, ctx.eps, [False, True, True]
            )
        dx = None
        if wants_dx:
            gamma, beta = (ctx.total(torch.stack([of_gamma, of_beta]).double()) / count).to(mean.dtype)
            spread = torch.rsqrt(var + ctx.eps)
            slope = -scale * spread * spread * gamma
            # dx = scale * spread * dy + slope * x + shift, in two passes over the map
            shift = -scale * spread * beta - slope * mean
            dx = functional.batch_norm(dy, torch.zeros_like(mean), var, scale, shift, training=False, eps=ctx.eps)
            dx.addcmul_(x, slope.to(x.dtype).view(-1, *[1] * (x.dim() - 2)))
        return dx, of_gamma if wants_gamma else None, of_beta if wants_beta else None, *[None] * 5
