"""Exact rewrites of a built network: the same numbers, sooner.

Each rule takes the graph, and what else it must know, and says how often it applied. The declared network stays as it
was: a rewritten module has a graph of its own. In training it shares all parameters; for prediction weights may be
folded into one another, in copies.
"""

import copy
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import fx, nn
from torch.nn import functional

from striate.build.small_maps import SmallMaps

__all__ = [
    "PREDICTION",
    "RULES",
    "TRAINING",
    "Affine",
    "BiasLeftOut",
    "Facts",
    "Rewritten",
    "activation_in_place",
    "batch_norm_folded",
    "cross_entropy_on_logits",
    "no_bias_before_batch_norm",
    "normalisation_folded",
    "pool_before_activation",
    "pool_by_slices",
    "rewrite",
    "rewrite_for_prediction",
    "small_maps_side_by_side",
    "untouched",
]


class Affine(NamedTuple):
    """What is done to images before the network sees them: x * factor + shift, by channel; float64."""

    factor: torch.Tensor
    shift: torch.Tensor


@dataclass
class Facts:
    """What rules must know beside the graph, and what they leave behind."""

    heads: Sequence[str | None] = ()
    """For each output the activation that its loss takes in, such as "Softmax", or None."""
    penalised: Collection[str] = ()
    """Keys of the weights that a regularizer keeps small."""
    normalisations: list[Affine | None] = field(default_factory=list)
    """Of each input; a rule that folds one leaves here what remains to be done."""
    folded: list[nn.Module] = field(default_factory=list)
    """The declared bricks whose weights went into copies."""


Rule = Callable[[fx.GraphModule, Facts], int]

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_WELL_CONDITIONED = 16.0
"""How many deviations from 0 a mean may lie to be folded: beyond, float32 would lose digits in taking it off again."""


def pool_before_activation(module: fx.GraphModule, _: Facts) -> int:
    """Max-pool first, then ReLU on a quarter of the numbers: max(f(x)) = f(max(x)) where f never falls.

    The gradient is the same up to ties. Leaky slopes must be above 0 for it to hold.
    """
    count = 0
    for node, _pool in _calls(module, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d):
        before = cast("fx.Node", node.args[0])
        activation = _alone(module, before)
        rises = isinstance(activation, nn.ReLU) or (
            isinstance(activation, nn.LeakyReLU) and activation.negative_slope > 0
        )
        if rises:
            source = before.args[0]
            node.replace_all_uses_with(before)
            node.args = (source,)
            before.args = (node,)
            node.append(before)
            count += 1
    return count


def no_bias_before_batch_norm(module: fx.GraphModule, facts: Facts) -> int:
    """Leave out a bias that batch normalisation takes off again with the mean: (y + b) - mean(y + b) = y - mean(y).

    Only where the statistics are those of the batch, and the bias is not penalised. It keeps its place in the
    state_dict and has the gradient 0; the running mean is that of y + b all the same.
    """
    count = 0
    for node, normalization in _calls(module, *_BATCH_NORMS):
        before = cast("fx.Node", node.args[0])
        layer = _alone(module, before)
        if type(normalization) not in _BATCH_NORMS or not (
            _is_affine(layer) and layer.bias is not None
        ):  # a frozen one is a class of its own
            continue
        if f"{before.target}.bias" not in facts.penalised:
            _swap(module, node, BiasLeftOut(normalization, layer.bias))
            _swap(module, before, _with(layer, layer.weight, None))
            count += 1
    return count


def cross_entropy_on_logits(module: fx.GraphModule, facts: Facts) -> int:
    """Take the last activation of outputs off, so that scores (logits) come out: loss and activation are one formula.

    log softmax(s)[y] = s[y] - log(sum over k of exp(s[k])),  which nothing can round to log 0
    """
    output = next(node for node in module.graph.nodes if node.op == "output")
    several = isinstance(output.args[0], tuple)
    lasts = list(output.args[0]) if several else [output.args[0]]
    count = 0
    for place, (last, head) in enumerate(zip(lasts, facts.heads, strict=False)):
        if head is not None and last.op == "call_module":
            lasts[place] = last.args[0]
            count += 1
    output.args = (tuple(lasts),) if several else (lasts[0],)
    module.graph.eliminate_dead_code()
    return count


def small_maps_side_by_side(module: fx.GraphModule, _: Facts) -> int:
    """Convolve small maps of several images as one wide map: in bfloat16 where tiles are multiplied, the smallest always."""
    count = 0
    for node, layer in _calls(module, nn.Conv2d):
        if SmallMaps.suits(layer):
            _swap(module, node, SmallMaps(layer))
            count += 1
    return count


def batch_norm_folded(module: fx.GraphModule, facts: Facts) -> int:
    """In prediction batch normalisation is one factor and one shift for each channel: the layer before it has both.

    gamma * (w x + b - mean) / sqrt(var + eps) + beta = (f w) x + f (b - mean) + beta,  f = gamma / sqrt(var + eps)
    """
    count = 0
    for node, normalization in _calls(module, *_BATCH_NORMS):
        before = cast("fx.Node", node.args[0])
        layer = _alone(module, before)
        if _is_affine(layer):
            _replace(module, node, before, _followed_by(layer, _affine(normalization)))
            facts.folded += [layer, normalization]
            count += 1
    return count


def normalisation_folded(module: fx.GraphModule, facts: Facts) -> int:
    """What is done to images by channel goes into the first layer: w (f x + s) + b = (w f) x + (w s + b).

    The zeros that a convolution pads with are zeros of the normalised image: there only the factor is folded, and
    x + s/f remains to be done. A mean far from 0, as deviations go, stays outside, where nothing is lost by rounding.
    """
    count = 0
    inputs = [node for node in module.graph.nodes if node.op == "placeholder"]
    for place, (node, affine) in enumerate(zip(inputs, facts.normalisations, strict=False)):
        users = [(user, _brick(module, user)) for user in node.users]
        if affine is None or not users or not all(_is_affine(layer) for _, layer in users):
            continue
        if (affine.shift.abs() <= _WELL_CONDITIONED).all() and not any(_pads(layer) for _, layer in users):
            folded, rest = affine, torch.zeros_like(affine.shift)
        else:
            folded, rest = Affine(affine.factor, torch.zeros_like(affine.shift)), affine.shift / affine.factor
        for user, layer in users:
            _swap(module, user, _preceded_by(layer, folded))
            facts.folded.append(layer)
            count += 1
        facts.normalisations[place] = Affine(torch.ones_like(affine.factor), rest)
    return count


def pool_by_slices(module: fx.GraphModule, _: Facts) -> int:
    """Max-pooling whose windows tile the map is the largest of a few slices, row by row, then column by column."""
    count = 0
    for node, pool in _calls(module, nn.MaxPool2d):
        kernel, stride, padding, dilation = map(_pair, (pool.kernel_size, pool.stride, pool.padding, pool.dilation))
        tiles = kernel == stride != (1, 1) and padding == (0, 0) and dilation == (1, 1)
        if tiles and not pool.ceil_mode:
            _swap(module, node, _Tiled(kernel))
            count += 1
    return count


def activation_in_place(module: fx.GraphModule, _: Facts) -> int:
    """ReLU writes over what it is given, where that was made for it alone: no second map is fetched from memory."""
    count = 0
    for node, activation in _calls(module, nn.ReLU, nn.LeakyReLU):
        source = _alone(module, cast("fx.Node", node.args[0]))
        if _is_affine(source) or isinstance(source, (*_BATCH_NORMS, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, _Tiled)):
            made = copy.deepcopy(activation)
            made.inplace = True
            _swap(module, node, made)
            count += 1
    return count


TRAINING: dict[str, Rule] = {
    "pool-before-activation": pool_before_activation,
    "no-bias-before-batch-norm": no_bias_before_batch_norm,
    "cross-entropy-on-logits": cross_entropy_on_logits,
    "small-maps-side-by-side": small_maps_side_by_side,
}
"""The rules of training by the name the plan prints; small maps go last, as they hide the convolution from the others."""
PREDICTION: dict[str, Rule] = {
    "batch-norm-folded": batch_norm_folded,
    "normalisation-folded": normalisation_folded,
    "pool-before-activation": pool_before_activation,
    "pool-by-slices": pool_by_slices,
    "activation-in-place": activation_in_place,
    "cross-entropy-on-logits": cross_entropy_on_logits,
    "small-maps-side-by-side": small_maps_side_by_side,
}
"""Those of prediction; batch normalisation goes first, as it may stand between what others look for, small maps last."""
RULES: tuple[str, ...] = tuple({**TRAINING, **PREDICTION})
"""All that a plan may name."""


def rewrite(
    module: fx.GraphModule,
    rules: Collection[str] = RULES,
    heads: Sequence[str | None] = (),
    penalised: Collection[str] = (),
) -> fx.GraphModule:
    """A module for training with the same parameters, its graph rewritten by those of `rules` that are for it.

    Args:
        module: the built network.
        rules: names of rules; those of prediction alone are passed over.
        heads: for each output the name of the activation that its loss takes in, such as "Softmax", or None.
        penalised: keys of the weights that a regularizer keeps small.
    Example: >>> from striate.build import build
             >>> from striate.layers import Dense
             >>> from striate.network import Network
             >>> net = build(Network.sequential([Dense(3, activation="softmax", input_shape=(2,))]))
             >>> [node.target for node in rewrite(net, heads=["Softmax"]).graph.nodes if node.op == "call_module"]
             ['dense']
    """
    return _rewritten(module, "Training", TRAINING, rules, Facts(heads, penalised))


@dataclass
class Rewritten:
    """A network for prediction, with folded copies of weights."""

    module: fx.GraphModule
    """Right in eval mode alone."""
    remains: list[Affine | None]
    """What is still to be done to each input before the network sees it."""
    sources: list[tuple[nn.Module, str, np.ndarray]]
    """Every weight that was copied, and what it was."""

    @property
    def copied(self) -> int:
        """How many numbers were copied."""
        return sum(before.size for _, _, before in self.sources)

    @property
    def holds(self) -> bool:
        """Whether the declared network still has the weights that were copied.

        Every number is compared: fused optimizers, `.data` and NumPy change tensors without a trace.
        """
        return all(np.array_equal(_array(brick, name), before) for brick, name, before in self.sources)


def rewrite_for_prediction(
    module: fx.GraphModule,
    rules: Collection[str] = RULES,
    heads: Sequence[str | None] = (),
    normalisations: Sequence[Affine | None] = (),
) -> Rewritten:
    """The network for prediction: its graph rewritten by those of `rules` that are for it, weights folded in copies.

    Args:
        module: the built network.
        rules: names of rules; those of training alone are passed over.
        heads: as in `rewrite`; none where what comes out are answers.
        normalisations: what is done to each input beforehand, None for what cannot be folded.
    Example: >>> from striate.build import build
             >>> from striate.layers import BatchNormalization, Dense
             >>> from striate.network import Network
             >>> net = build(Network.sequential([Dense(3, input_shape=(2,)), BatchNormalization()]))
             >>> rewritten = rewrite_for_prediction(net)
             >>> [node.target for node in rewritten.module.graph.nodes if node.op == "call_module"], rewritten.holds
             (['rewritten_batch_normalization'], True)
    """
    facts = Facts(heads, normalisations=list(normalisations))
    with torch.no_grad():
        changed = _rewritten(module, "Prediction", PREDICTION, rules, facts)
    sources = [
        (brick, name, _array(brick, name).copy(order="K"))
        for brick in dict.fromkeys(facts.folded)
        for name in (*brick._parameters, *brick._buffers)
        if getattr(brick, name) is not None
    ]
    return Rewritten(changed, facts.normalisations, sources)


def _rewritten(
    module: fx.GraphModule, name: str, known: dict[str, Rule], wanted: Collection[str], facts: Facts
) -> fx.GraphModule:
    graph = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    graph.output(graph.graph_copy(module.graph, values))
    changed = fx.GraphModule(module, graph, name)
    for rule, apply in known.items():
        if rule in wanted:
            apply(changed, facts)
    changed.graph.lint()
    changed.recompile()
    return changed


def _array(brick: nn.Module, name: str) -> np.ndarray:
    return getattr(brick, name).detach().cpu().numpy()


# ---- the graph ---------------------------------------------------------------------------------------------------


def _brick(module: fx.GraphModule, node: fx.Node) -> Any:
    """The module that a node calls, if it calls one."""
    return module.get_submodule(str(node.target)) if node.op == "call_module" else None


def _calls(module: fx.GraphModule, *kinds: type[nn.Module]) -> Iterator[tuple[fx.Node, Any]]:
    """The calls of modules of these kinds, in the order of the graph."""
    for node in list(module.graph.nodes):
        if isinstance(brick := _brick(module, node), kinds):
            yield node, brick


def _alone(module: fx.GraphModule, node: fx.Node) -> Any:
    """The module that a node calls, if what it gives is used once."""
    return _brick(module, node) if len(node.users) == 1 else None


def _swap(module: fx.GraphModule, node: fx.Node, brick: nn.Module) -> None:
    """Call another module in the place of a node's; other calls of that one stay."""
    name = f"rewritten_{node.name}"
    module.add_submodule(name, brick)
    node.target = name


def _replace(module: fx.GraphModule, node: fx.Node, before: fx.Node, brick: nn.Module) -> None:
    """Call one module in the place of two, one after another."""
    node.args = before.args
    module.graph.erase_node(before)
    _swap(module, node, brick)


# ---- the bricks --------------------------------------------------------------------------------------------------


def _is_affine(brick: Any) -> bool:
    """Whether what a module gives is w x + b and nothing more, the output channels first in w."""
    return type(brick) in (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear) or getattr(type(brick), "weighted_sum", False)


def _pads(layer: Any) -> bool:
    """Whether a layer adds zeros around the map."""
    window = getattr(layer, "window", None)
    if window is None:
        return any(getattr(layer, "padding", ()))
    return window.late or any(side for sides in window.padding for side in sides)


def _affine(normalization: Any) -> Affine:
    """What batch normalisation does in prediction."""
    mean, spread = normalization.running_mean.double(), (normalization.running_var.double() + normalization.eps).sqrt()
    factor = spread.reciprocal() if normalization.weight is None else normalization.weight.double() / spread
    shift = -mean * factor
    return Affine(factor, shift if normalization.bias is None else shift + normalization.bias.double())


def _with(layer: Any, weight: nn.Parameter, bias: nn.Parameter | None) -> Any:
    """The same layer with other weights; nothing else of it is copied."""
    made = copy.deepcopy(layer, {id(tensor): tensor for tensor in layer.parameters()})
    made.weight, made.bias = weight, bias
    return made


def _folded(layer: Any, weight: torch.Tensor, bias: torch.Tensor) -> Any:
    """The same layer with weights that were computed in float64."""
    new = torch.empty_like(layer.weight).copy_(weight), bias.to(layer.weight.dtype)
    return _with(layer, *(nn.Parameter(tensor, requires_grad=False) for tensor in new))


def _followed_by(layer: Any, affine: Affine) -> Any:
    """The layer and what is done to its output channels."""
    bias = affine.shift if layer.bias is None else layer.bias.double() * affine.factor + affine.shift
    return _folded(layer, layer.weight.double() * _beside(affine.factor, layer.weight), bias)


def _preceded_by(layer: Any, affine: Affine) -> Any:
    """What is done to its input channels and the layer."""
    weight = layer.weight.double()
    groups = getattr(layer, "groups", 1)
    # (out, c/groups): what the filters of each group see
    factor, shift = (
        each.view(groups, 1, -1).expand(groups, len(weight) // groups, -1).flatten(0, 1) for each in affine
    )
    moved = (weight * _beside(shift, weight)).flatten(1).sum(1)
    return _folded(layer, weight * _beside(factor, weight), moved if layer.bias is None else moved + layer.bias)


def _beside(numbers: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Numbers for the first axes of a weight, with its rank."""
    return numbers.reshape(*numbers.shape, *[1] * (weight.dim() - numbers.dim()))


class BiasLeftOut(nn.Module):
    """Batch normalisation in training, of a layer whose bias was left out."""

    def __init__(self, normalization: Any, bias: nn.Parameter) -> None:
        super().__init__()
        self.normalization, self.bias = normalization, bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        into, bias = self.normalization, self.bias
        if not into.training:
            return into(x + bias.view(-1, *[1] * (x.dim() - 2)))
        mean = into.running_mean.clone()  # autograd keeps what it is given
        beta = untouched(into.bias, bias)
        y = functional.batch_norm(x, mean, into.running_var, into.weight, beta, True, into.momentum, into.eps)
        with torch.no_grad():  # the mean of what has the bias is greater by the bias
            torch.add(mean, bias, alpha=into.momentum, out=into.running_mean)
        return y


def untouched(beta: torch.Tensor | None, bias: torch.Tensor) -> torch.Tensor:
    """The shift of a normalisation that left a bias out, in whose graph the bias still is.

    The optimizer is to find the gradient 0 there, not none: weight decay goes on as it would.
    """
    return bias * 0 if beta is None else torch.add(beta, bias, alpha=0)


class _Tiled(nn.Module):
    """The largest of windows that tile the map; rows and columns that fill no window are left out."""

    def __init__(self, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.kernel = kernel

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (n, c, h, w)
        for axis, size in zip((2, 3), self.kernel, strict=True):
            windows = x.narrow(axis, 0, x.shape[axis] // size * size).unflatten(axis, (-1, size))
            x = reduce(torch.maximum, windows.unbind(axis + 1))
        return x


def _pair(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
