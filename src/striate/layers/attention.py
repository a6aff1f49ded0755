"""Attention: each step of one sequence takes from another the values whose keys suit its question best.

Layers are called on [query, value] or [query, value, key]; without a key the values are their own. Where query, value
and key are one sequence, this is self-attention.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ShapeError
from striate.initializers.base import Initializer, InitializerLike
from striate.layers.base import Merging, Weight, require_rank
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements
from striate.units import Count

__all__ = ["AdditiveAttention", "Attention", "MultiHeadAttention"]


@dataclass(frozen=True, eq=False)
class _Attentive(Merging, abstract=True):
    """What layers of attention share.

    Args:    use_causal_mask: whether step t of the query sees steps 0 to t of the values alone.
    """

    use_causal_mask: bool = field(default=False, kw_only=True)

    takes = (2, 3)

    def _taken_shapes(self, *shapes: Shape) -> tuple[Shape, Shape, Shape]:
        """Query, value and key.

        Errors: ShapeError where one is no sequence, or there are not as many keys as values.
        """
        for shape in shapes:
            require_rank(self, shape, 2, "l, c")
        query, value = shapes[:2]
        key = shapes[2] if len(shapes) > 2 else value
        if value[0] != key[0] and None not in (value[0], key[0]):
            raise ShapeError(
                f"{type(self).__name__} needs a key for each value",
                sum=f"{value[0]} values {value}, {key[0]} keys {key}",
                fix="[query, value, key] with keys made of what the values are made of",
            )
        return query, value, key

    def window(self, *shapes: Shape) -> Window | None:
        return EVERYTHING

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 2))


@dataclass(frozen=True, eq=False)
class _Scored(_Attentive, abstract=True):
    """Attention whose keys are compared with the query as they are."""

    def output(self, *shapes: Shape) -> Shape:
        query, value, key = self._taken_shapes(*shapes)
        if query[1] != key[1]:
            raise ShapeError(
                f"{type(self).__name__} compares a query with keys of as many channels",
                sum=f"query {query}, key {key}",
                fix="Dense(units) on one of them, or MultiHeadAttention, which does so itself",
            )
        return (query[0], value[1])


@dataclass(frozen=True, eq=False)
class Attention(_Scored):
    """Weigh the values by how well their keys agree with the query.

    a[t,s] = softmax over s of query[t] . key[s] * scale,  y[t] = sum over s of a[t,s] * value[s];
    with "concat" the score is weight * sum of tanh(scale * (query[t] + key[s]))

    Shape:   (l, c), (m, d) and perhaps (m, c) -> (l, d)
    Cost:    one weight for use_scale, one for "concat";  l*m*d MACs, with "dot" l*m*c more
    Args:
        use_scale: whether the scores are multiplied by a number that is learned.
        score_mode: "dot" or "concat".
    Errors:  ShapeError for keys of other channels than the query's, or fewer or more than values.
    Source:  Luong et al. 2015, arXiv:1508.04025
    Example: >>> Attention().output((7, 16), (20, 16))
             (7, 16)
    """

    use_scale: bool = False
    score_mode: Literal["dot", "concat"] = "dot"

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        one = Weight((), catalog.get("initializers", "ones"))
        there = {"scale": self.use_scale, "concat_score_weight": self.score_mode == "concat"}
        return {name: one for name, wanted in there.items() if wanted}

    def macs(self, *shapes: Shape) -> int:
        query, value, key = self._taken_shapes(*shapes)
        compared = key[1] if self.score_mode == "dot" else 0
        return elements((query[0], value[0])) * (compared + value[1])

    def build(self, *shapes: Shape) -> nn.Module:
        self.output(*shapes)
        kind = _Compared if self.score_mode == "dot" else _Joined
        return kind({name: weight.shape for name, weight in self.weights(*shapes).items()}, self.use_causal_mask)


@dataclass(frozen=True, eq=False)
class AdditiveAttention(_Scored):
    """Weigh the values by the score that a layer of tanh gives to each query and key.

    a[t,s] = softmax over s of sum over c of scale[c] * tanh(query[t,c] + key[s,c]),  y[t] = sum over s of a[t,s] * value[s]

    The paper's matrices W and U are Dense layers before it.

    Shape:   (l, c), (m, d) and perhaps (m, c) -> (l, d)
    Cost:    c params with use_scale;  l*m*d MACs
    Args:    use_scale: whether scale is learned; it is 1 without.
    Errors:  ShapeError for keys of other channels than the query's, or fewer or more than values.
    Source:  Bahdanau, Cho & Bengio 2015, arXiv:1409.0473
    Example: >>> AdditiveAttention().output((7, 16), (20, 16))
             (7, 16)
    """

    use_scale: bool = True

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        initializer = catalog.get("initializers", "glorot_uniform")
        return {"scale": Weight(shapes[0][1:], initializer)} if self.use_scale else {}

    def macs(self, *shapes: Shape) -> int:
        query, value, _ = self._taken_shapes(*shapes)
        return elements((query[0], *value))

    def build(self, *shapes: Shape) -> nn.Module:
        self.output(*shapes)
        return _Added({name: weight.shape for name, weight in self.weights(*shapes).items()}, self.use_causal_mask)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(4, 4))


class _Weighing(nn.Module):
    """Sequences (n, c, l) of queries, values and keys: the values weighed by the softmax of scores."""

    scale: nn.Parameter | None
    concat_score_weight: nn.Parameter

    def __init__(self, weights: dict[str, Shape], causal: bool) -> None:
        super().__init__()
        for name in ("scale", "concat_score_weight"):
            self.register_parameter(name, nn.Parameter(torch.empty(weights[name])) if name in weights else None)
        self.causal = causal

    def forward(self, query: torch.Tensor, value: torch.Tensor, key: torch.Tensor | None = None) -> torch.Tensor:
        scores = self.scores(query.movedim(1, 2), (value if key is None else key).movedim(1, 2))  # (n, l, m)
        if self.causal:
            scores = scores.masked_fill(scores.new_ones(scores.shape[1:], dtype=torch.bool).triu(1), -math.inf)
        return (scores.softmax(-1) @ value.movedim(1, 2)).movedim(2, 1)

    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """(n, l, c) and (n, m, c): (n, l, m)."""
        raise NotImplementedError


class _Compared(_Weighing):
    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        scores = query @ key.movedim(1, 2)
        return scores if self.scale is None else scores * self.scale


class _Joined(_Weighing):
    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        joined = query.unsqueeze(2) + key.unsqueeze(1)  # (n, l, m, c)
        joined = joined if self.scale is None else joined * self.scale
        return self.concat_score_weight * joined.tanh().sum(-1)


class _Added(_Weighing):
    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        joined = (query.unsqueeze(2) + key.unsqueeze(1)).tanh()  # (n, l, m, c)
        return (joined if self.scale is None else joined * self.scale).sum(-1)


@dataclass(frozen=True, eq=False)
class MultiHeadAttention(_Attentive):
    """Attend several times at once, each head to what its own matrices make of query, key and value.

    head = softmax(q k^T / sqrt(key_dim)) v,  q = query wq + bq,  k = key wk + bk,  v = value wv + bv
    y = sum over heads of head wo + bo

    Shape:   (l, c), (m, d) and perhaps (m, e) -> (l, c)
    Cost:    heads*(key_dim*(c + e) + value_dim*(d + c)) params, with use_bias heads*(2*key_dim + value_dim) + c more;
             heads*(l*c*key_dim + m*e*key_dim + m*d*value_dim + l*m*(key_dim + value_dim) + l*value_dim*c) MACs
    Args:
        num_heads: how many heads.
        key_dim: channels of q and k in each.
        value_dim: channels of v in each; by default key_dim.
        use_bias: whether the b are added.
        kernel_initializer: first values of each w, as the matrix that it is for all heads together.
        bias_initializer: first values of the b.
        kernel_regularizer: penalty on the w.
        bias_regularizer: penalty on the b.
    Errors:  ShapeError where there are not as many keys as values.
    Source:  Vaswani et al. 2017, arXiv:1706.03762
    Example: >>> MultiHeadAttention(8, 64).output((7, 512), (20, 512))
             (7, 512)
    """

    num_heads: Count
    key_dim: Count
    value_dim: Count | None = None
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None

    def output(self, *shapes: Shape) -> Shape:
        return self._taken_shapes(*shapes)[0]

    @property
    def _widths(self) -> dict[str, int]:
        """The channels of a head after each of the three matrices, in Keras' order."""
        return {"query": self.key_dim, "key": self.key_dim, "value": self.value_dim or self.key_dim}

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        query, value, key = self._taken_shapes(*shapes)
        found = {}
        read = {"query": query, "key": key, "value": value}
        for name, width in self._widths.items():
            kernel, bias = (self.num_heads, width, read[name][1]), (self.num_heads, width)
            found |= self._pair(name, kernel, (2, 0, 1), bias)
        kernel = (query[1], self.num_heads, self._widths["value"])
        return found | self._pair("attention_output", kernel, (1, 2, 0), query[1:])

    def _pair(self, name: str, kernel: Shape, keras: tuple[int, ...], bias: Shape) -> dict[str, Weight]:
        """A matrix and its bias."""
        first = catalog.get("initializers", self.kernel_initializer)
        penalty = catalog.get("regularizers", self.kernel_regularizer)
        found = {f"{name}_weight": Weight(kernel, _AsMatrix(first, len(bias)), regularizer=penalty, keras=keras)}
        if self.use_bias:
            first, penalty = (
                catalog.get("initializers", self.bias_initializer),
                catalog.get("regularizers", self.bias_regularizer),
            )
            found[f"{name}_bias"] = Weight(bias, first, regularizer=penalty)
        return found

    def macs(self, *shapes: Shape) -> int:
        query, value, key = self._taken_shapes(*shapes)
        inner, outer = self.key_dim, self._widths["value"]
        projected = elements(query) * inner + elements(key) * inner + elements(value) * outer
        attended = elements((query[0], value[0])) * (inner + outer)
        return self.num_heads * (projected + attended + elements(query) * outer)

    def build(self, *shapes: Shape) -> nn.Module:
        weights = {name: weight.shape for name, weight in self.weights(*shapes).items()}
        return _Heads(weights, self.use_causal_mask)

    @classmethod
    def example(cls) -> Any:
        return cls(2, 1, input_shape=(3, 2))


@dataclass(frozen=True)
class _AsMatrix(Initializer, abstract=True):
    """First values of a weight of three axes, the first `outputs` of them of what comes out: those of that matrix."""

    matrix: InitializerLike
    outputs: Count

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        sides = elements(shape[: self.outputs]), elements(shape[self.outputs :])
        return catalog.get("initializers", self.matrix).sample(sides, generator).reshape(shape)


class _Heads(nn.Module):
    """Sequences (n, c, l) of queries, values and keys: what all heads make of them."""

    query_weight: nn.Parameter
    key_weight: nn.Parameter
    value_weight: nn.Parameter
    attention_output_weight: nn.Parameter
    query_bias: nn.Parameter | None
    key_bias: nn.Parameter | None
    value_bias: nn.Parameter | None
    attention_output_bias: nn.Parameter | None

    def __init__(self, weights: dict[str, Shape], causal: bool) -> None:
        super().__init__()
        for name in ("query", "key", "value", "attention_output"):
            for part in (f"{name}_weight", f"{name}_bias"):
                self.register_parameter(part, nn.Parameter(torch.empty(weights[part])) if part in weights else None)
        self.heads = weights["query_weight"][0]
        self.causal = causal

    def forward(self, query: torch.Tensor, value: torch.Tensor, key: torch.Tensor | None = None) -> torch.Tensor:
        q = self.split(query, self.query_weight, self.query_bias)
        k = self.split(value if key is None else key, self.key_weight, self.key_bias)
        v = self.split(value, self.value_weight, self.value_bias)
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)  # (n, heads, l, width)
        y = y.movedim(1, 2).flatten(2)
        return functional.linear(y, self.attention_output_weight.flatten(1), self.attention_output_bias).movedim(2, 1)

    def split(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """(n, c, l) through a matrix, head by head: (n, heads, l, width)."""
        y = functional.linear(x.movedim(1, 2), weight.flatten(0, 1), None if bias is None else bias.flatten())
        return y.unflatten(2, (self.heads, -1)).movedim(2, 1)
