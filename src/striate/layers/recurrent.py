"""Recurrent layers: they read a sequence one step after another and remember what they have read.

Sequences are (l, c): l steps of c numbers. Where the activations are the usual ones torch's fused kernels compute all
steps at once, of any number; with others the steps are written out one after another, so that their number must be known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ArgumentError, ShapeError
from striate.initializers.base import Initializer, InitializerLike
from striate.layers.base import InnerLayer, Layer, LayerLike, Merging, Weight, require_rank, stated
from striate.layers.dense import Dense
from striate.regularizers.base import RegularizerLike
from striate.shape import EVERYTHING, Shape, Window, elements, shape_text, to_border, to_inside
from striate.units import Count

__all__ = ["GRU", "LSTM", "Bidirectional", "SimpleRNN", "TimeDistributed"]


class _Recurrent(Merging, abstract=True):
    """What recurrent layers share. Their fields stand in Keras' order, which differs from layer to layer.

    Args:
        units: how many numbers the state holds, and come out at every step.
        activation: tanh in the formulas.
        use_bias: whether b is added.
        kernel_initializer: first values of w, the weights of what is read.
        recurrent_initializer: first values of r, the weights of the state.
        bias_initializer: first values of b.
        kernel_regularizer: penalty on w.
        recurrent_regularizer: penalty on r.
        bias_regularizer: penalty on b.
        return_sequences: whether the output of every step is given, and not only that of the last.
        go_backwards: whether the sequence is read from its end; outputs stand in the order of reading.
    """

    units: Count
    activation: LayerLike
    use_bias: bool
    kernel_initializer: InitializerLike
    recurrent_initializer: InitializerLike
    bias_initializer: InitializerLike
    kernel_regularizer: RegularizerLike | None
    recurrent_regularizer: RegularizerLike | None
    bias_regularizer: RegularizerLike | None
    return_sequences: bool
    go_backwards: bool

    takes = (1, 2)
    then = None  # the activation is inside, at every step
    gates: ClassVar[int] = 1
    """How many sums of `units` numbers a step computes."""

    @property
    def _fused(self) -> Callable[..., Any] | None:
        """torch's kernel for these activations, if it has one."""
        raise NotImplementedError

    @property
    def _cell(self) -> "type[_Recurrence]":
        """The module that computes it."""
        raise NotImplementedError

    @property
    def _bias_shape(self) -> Shape:
        return (self.gates * self.units,)

    @property
    def _first_bias(self) -> Initializer:
        return catalog.get("initializers", self.bias_initializer)

    @cached_property
    def _functions(self) -> tuple[nn.Module, ...]:
        """The activations, as modules."""
        given = [self.activation, *([self.recurrent_activation] if hasattr(self, "recurrent_activation") else [])]
        return tuple(catalog.get("layers", function).build((self.units,)) for function in given)

    def output(self, *shapes: Shape) -> Shape:
        shape, *states = shapes
        require_rank(self, shape, 2, "l, c")
        name, count = type(self).__name__, (self.takes[1] or 1) - 1
        if states and states != [(self.units,)] * count:
            raise ShapeError(
                f"{name} begins with {count} state{'s' * (count > 1)} of {self.units} numbers",
                sum=f"states given: {', '.join(map(str, states))}",
                fix=f"{count} of shape ({self.units},), or none: zeros",
            )
        if shape[0] is None and self._fused is None:
            raise ShapeError(
                f"{name} with other activations than the usual ones must know how many steps it takes",
                sum=f"{shape_text(shape)} leaves it open",
                fix="Input with the length, or the activations that are there by default",
            )
        return (shape[0], self.units) if self.return_sequences else (self.units,)

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        wide, features = self.gates * self.units, shapes[0][-1]
        found = {
            "weight": stated(self, "kernel", (wide, features), keras=(1, 0)),
            "recurrent_weight": stated(self, "recurrent", (wide, self.units), keras=(1, 0)),
        }
        if self.use_bias:
            regularizer = catalog.get("regularizers", self.bias_regularizer)
            found["bias"] = Weight(self._bias_shape, self._first_bias, regularizer=regularizer)
        return found

    def macs(self, *shapes: Shape) -> int:
        steps = elements(shapes[0]) // shapes[0][1]
        return steps * self.gates * self.units * (shapes[0][1] + self.units)

    def window(self, *shapes: Shape) -> Window | None:
        return EVERYTHING

    def build(self, *shapes: Shape) -> nn.Module:
        weights = {name: weight.shape for name, weight in self.weights(*shapes).items()}
        how = self._functions if self._fused is None else self._fused
        return self._cell(weights, how, shapes[0][0], self.return_sequences, self.go_backwards)

    @classmethod
    def example(cls) -> Any:
        make: Any = cls
        return make(2, input_shape=(4, 2))


@dataclass(frozen=True, eq=False)
class SimpleRNN(_Recurrent):
    """Read a sequence with one layer of units that see the next step and what they gave at the step before.

    h[t] = tanh(w x[t] + r h[t-1] + b),  h[0] = 0 or the second value that is given

    Shape:   (l, c), perhaps (units,) -> (units,), or (l, units) with return_sequences
    Cost:    units*(c + units + 1) params;  l*units*(c + units) MACs
    Errors:  ShapeError for an open length with another activation than tanh or relu.
    Source:  Elman 1990, doi:10.1207/s15516709cog1402_1; lecture 001 L655-664
    Example: >>> SimpleRNN(8).output((20, 3)), SimpleRNN(8, return_sequences=True).output((None, 3))
             ((8,), (None, 8))
    """

    units: Count
    activation: LayerLike = "tanh"
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    recurrent_initializer: InitializerLike = "orthogonal"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    recurrent_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None
    return_sequences: bool = False
    go_backwards: bool = False

    @property
    def _fused(self) -> Callable[..., Any] | None:
        return {nn.Tanh: torch.rnn_tanh, nn.ReLU: torch.rnn_relu}.get(type(self._functions[0]))

    @property
    def _cell(self) -> "type[_Recurrence]":
        return _Simple


@dataclass(frozen=True, eq=False)
class LSTM(_Recurrent):
    """Read a sequence into a memory whose gates decide what is written, kept and shown: long short-term memory.

    i, f, o = sigmoid(w x[t] + r h[t-1] + b),  g = tanh(w x[t] + r h[t-1] + b),  each with rows of w, r, b of its own
    c[t] = f * c[t-1] + i * g,  h[t] = o * tanh(c[t]),  h[0] and c[0] = 0 or the second and third value that are given

    Shape:   (l, c), perhaps (units,) and (units,) -> (units,), or (l, units) with return_sequences
    Cost:    4*units*(c + units + 1) params;  4*l*units*(c + units) MACs
    Args:
        recurrent_activation: sigmoid in the formulas.
        unit_forget_bias: whether the b of f starts at 1, so that the memory is kept at first (Jozefowicz et al. 2015).
    Errors:  ShapeError for an open length with other activations than tanh and sigmoid.
    Source:  Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Gers et al. 2000,
             doi:10.1162/089976600300015015 (the gate f); lecture 001 L666-682
    Example: >>> LSTM(8).output((20, 3)), LSTM(8, return_sequences=True).output((None, 3))
             ((8,), (None, 8))
    """

    units: Count
    activation: LayerLike = "tanh"
    recurrent_activation: LayerLike = "sigmoid"
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    recurrent_initializer: InitializerLike = "orthogonal"
    bias_initializer: InitializerLike = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: RegularizerLike | None = None
    recurrent_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None
    return_sequences: bool = False
    go_backwards: bool = False

    takes = (1, 3)
    gates = 4

    @property
    def _fused(self) -> Callable[..., Any] | None:
        return torch.lstm if [type(each) for each in self._functions] == [nn.Tanh, nn.Sigmoid] else None

    @property
    def _cell(self) -> "type[_Recurrence]":
        return _Long

    @property
    def _first_bias(self) -> Initializer:
        return _Keeping(self.bias_initializer) if self.unit_forget_bias else super()._first_bias


@dataclass(frozen=True)
class _Keeping(Initializer, abstract=True):
    """The first bias of an LSTM whose forget gate, the second quarter, starts open."""

    others: InitializerLike

    def sample(self, shape: Shape, generator: torch.Generator) -> torch.Tensor:
        bias = catalog.get("initializers", self.others).sample(shape, generator)
        quarter = shape[0] // 4
        bias[quarter : 2 * quarter] = 1
        return bias


@dataclass(frozen=True, eq=False)
class GRU(_Recurrent):
    """Read a sequence into a state of which gates decide how much is renewed: a gated recurrent unit.

    z, s = sigmoid(w x[t] + b + r h[t-1] + b'),  g = tanh(w x[t] + b + s * (r h[t-1] + b')),  each with rows of its own
    h[t] = z * h[t-1] + (1 - z) * g,  h[0] = 0 or the second value that is given

    Shape:   (l, c), perhaps (units,) -> (units,), or (l, units) with return_sequences
    Cost:    3*units*(c + units + 2) params, one bias only without reset_after;  3*l*units*(c + units) MACs
    Args:
        recurrent_activation: sigmoid in the formulas.
        reset_after: whether s is applied to r h[t-1], as above and in torch, or to h[t-1] before r, as in the paper.
    Errors:  ShapeError for an open length with other activations than tanh and sigmoid, or without reset_after.
    Source:  Cho et al. 2014, arXiv:1406.1078
    Example: >>> GRU(8).output((20, 3)), GRU(8, return_sequences=True).output((None, 3))
             ((8,), (None, 8))
    """

    units: Count
    activation: LayerLike = "tanh"
    recurrent_activation: LayerLike = "sigmoid"
    use_bias: bool = True
    kernel_initializer: InitializerLike = "glorot_uniform"
    recurrent_initializer: InitializerLike = "orthogonal"
    bias_initializer: InitializerLike = "zeros"
    kernel_regularizer: RegularizerLike | None = None
    recurrent_regularizer: RegularizerLike | None = None
    bias_regularizer: RegularizerLike | None = None
    return_sequences: bool = False
    go_backwards: bool = False
    reset_after: bool = True

    gates = 3

    @property
    def _fused(self) -> Callable[..., Any] | None:
        usual = [type(each) for each in self._functions] == [nn.Tanh, nn.Sigmoid]
        return torch.gru if usual and self.reset_after else None

    @property
    def _cell(self) -> "type[_Recurrence]":
        return _Gated if self.reset_after else _GatedBefore

    @property
    def _bias_shape(self) -> Shape:
        wide = self.gates * self.units
        return (2, wide) if self.reset_after else (wide,)


class _Recurrence(nn.Module):
    """A sequence (n, c, l) and its first states (n, units), or none for zeros; the states after it, (n, units[, l]).

    `how` is torch's kernel, or the activations with which `length` steps are written out.
    """

    weight: nn.Parameter
    recurrent_weight: nn.Parameter
    bias: nn.Parameter | None
    states = 1

    def __init__(
        self, weights: dict[str, Shape], how: Any, length: int | None, return_sequences: bool, go_backwards: bool
    ) -> None:
        super().__init__()
        for name in ("weight", "recurrent_weight", "bias"):
            self.register_parameter(name, nn.Parameter(torch.empty(weights[name])) if name in weights else None)
        self.units = weights["recurrent_weight"][1]
        self.kernel: Any = None if isinstance(how, tuple) else how
        self.functions = nn.ModuleList(how if isinstance(how, tuple) else ())
        self.length, self.return_sequences, self.go_backwards = length, return_sequences, go_backwards

    def forward(self, x: torch.Tensor, *states: torch.Tensor) -> torch.Tensor:
        x = x.movedim(1, 2)  # (n, l, c)
        x = x.flip(1) if self.go_backwards else x
        states = states or (x.new_zeros(x.shape[0], self.units),) * self.states
        y = self.steps(x, states) if self.kernel is None else self.at_once(x, states)
        return y.movedim(2, 1) if self.return_sequences else y[:, -1]

    def at_once(self, x: torch.Tensor, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """torch's kernel on (n, l, c): (n, l, units)."""
        first = tuple(state.unsqueeze(0) for state in states)
        weights = self.kernels_weights()
        # Layers, dropout, training (which only dropout asks for, and cuDNN for a gradient), both ways, batch first.
        options = (len(weights) > 2, 1, 0.0, True, False, True)
        return self.kernel(x, first if self.states > 1 else first[0], weights, *options)[0]

    def kernels_weights(self) -> list[torch.Tensor]:
        """The weights as torch's kernel has them: with a second bias, which is 0."""
        bias = [] if self.bias is None else [self.bias, torch.zeros_like(self.bias)]
        return [self.weight, self.recurrent_weight, *bias]

    def steps(self, x: torch.Tensor, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """(n, l, c) one step after another: (n, l, units)."""
        read = functional.linear(x, self.weight, self.read_bias())  # for all steps at once
        outputs = []
        for step in range(self.length or 0):
            states = self.step(read[:, step], *states)
            outputs.append(states[0])
        return torch.stack(outputs, 1)

    def read_bias(self) -> torch.Tensor | None:
        """The bias that is added to what is read."""
        return self.bias

    def step(self, read: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The states after a step, the output first; `read` is w x[t] + b."""
        raise NotImplementedError


class _Simple(_Recurrence):
    def step(self, read: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (self.functions[0](read + functional.linear(states[0], self.recurrent_weight)),)


class _Long(_Recurrence):
    """Rows in the order i, f, g, o: torch's and Keras' alike."""

    states = 2

    def step(self, read: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        function, gate = self.functions
        i, f, g, o = (read + functional.linear(states[0], self.recurrent_weight)).chunk(4, 1)
        memory = gate(f) * states[1] + gate(i) * function(g)
        return gate(o) * function(memory), memory


class _Gated(_Recurrence):
    """Rows in Keras' order z, s, g; torch's has s first."""

    def kernels_weights(self) -> list[torch.Tensor]:
        bias = [] if self.bias is None else [self.bias[0], self.bias[1]]
        found = []
        for weight in (self.weight, self.recurrent_weight, *bias):
            z, s, g = weight.split(self.units)
            found.append(torch.cat((s, z, g)))
        return found

    def read_bias(self) -> torch.Tensor | None:
        return None if self.bias is None else self.bias[0]

    def step(self, read: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        function, gate = self.functions
        bias = None if self.bias is None else self.bias[1]
        kept = functional.linear(states[0], self.recurrent_weight, bias)
        read_z, read_s, read_g = read.chunk(3, 1)
        kept_z, kept_s, kept_g = kept.chunk(3, 1)
        z = gate(read_z + kept_z)
        g = function(read_g + gate(read_s + kept_s) * kept_g)
        return (z * states[0] + (1 - z) * g,)


class _GatedBefore(_Recurrence):
    """The state is reset before it is multiplied by r."""

    def step(self, read: torch.Tensor, *states: torch.Tensor) -> tuple[torch.Tensor, ...]:
        function, gate = self.functions
        read_z, read_s, read_g = read.chunk(3, 1)
        r_z, r_s, r_g = self.recurrent_weight.split(self.units)
        z = gate(read_z + functional.linear(states[0], r_z))
        s = gate(read_s + functional.linear(states[0], r_s))
        g = function(read_g + functional.linear(s * states[0], r_g))
        return (z * states[0] + (1 - z) * g,)


@dataclass(frozen=True, eq=False)
class Bidirectional(Merging):
    """Read a sequence from both ends, with two sets of weights, and merge what comes out.

    y = [forward(x), backward(x)], or their sum, product or average; of sequences, step by step

    Shape:   that of the layer, with twice the channels where merge_mode is "concat"
    Cost:    twice that of the layer
    Args:
        layer: the recurrent layer; first states, where given, are those of the one way and then of the other.
        merge_mode: "concat", "sum", "mul" or "ave".
    Errors:  ArgumentError for a layer that is not recurrent.
    Source:  Schuster & Paliwal 1997, doi:10.1109/78.650093
    Example: >>> Bidirectional(LSTM(8)).output((20, 3)), Bidirectional(LSTM(8), "sum").output((20, 3))
             ((16,), (8,))
    """

    layer: InnerLayer
    merge_mode: Literal["concat", "sum", "mul", "ave"] = "concat"

    takes = (1, 5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.layer, _Recurrent):
            raise ArgumentError(f"Bidirectional: layer must be recurrent, not {self.layer!r}", fix="LSTM(units)")

    @cached_property
    def _ways(self) -> "dict[str, _Recurrent]":
        one = self.layer
        assert isinstance(one, _Recurrent)
        table = {name: getattr(one, name) for name in catalog.arguments(type(one))}
        kind: Any = type(one)
        other = kind(**table | {"go_backwards": not one.go_backwards})
        return {"forward_layer": one, "backward_layer": other}

    def _shapes(self, shapes: tuple[Shape, ...]) -> list[tuple[Shape, ...]]:
        """What each of the ways takes."""
        first, *states = shapes
        half = len(states) // 2
        if len(states) % 2:
            raise ShapeError(
                "Bidirectional begins with as many states for one way as for the other",
                sum=f"states given: {', '.join(map(str, states))}",
                fix="none, or those of the one way and then of the other",
            )
        return [(first, *states[:half]), (first, *states[half:])]

    def output(self, *shapes: Shape) -> Shape:
        one, other = (way.output(*each) for way, each in zip(self._ways.values(), self._shapes(shapes), strict=True))
        return (*one[:-1], one[-1] + other[-1]) if self.merge_mode == "concat" else one

    def weights(self, *shapes: Shape) -> dict[str, Weight]:
        one, other = (
            _under(name, way, *each) for (name, way), each in zip(self._ways.items(), self._shapes(shapes), strict=True)
        )
        return one | other

    def macs(self, *shapes: Shape) -> int:
        return sum(way.macs(*each) for way, each in zip(self._ways.values(), self._shapes(shapes), strict=True))

    def window(self, *shapes: Shape) -> Window | None:
        return EVERYTHING

    def build(self, *shapes: Shape) -> nn.Module:
        self.output(*shapes)
        ways = [way.build(*each) for way, each in zip(self._ways.values(), self._shapes(shapes), strict=True)]
        return _BothWays(*ways, self.merge_mode)

    @classmethod
    def example(cls) -> Any:
        return cls(GRU(1, return_sequences=True), input_shape=(3, 2))


def _under(prefix: str, layer: Layer, *shapes: Shape) -> dict[str, Weight]:
    """The weights of a layer inside another, by their names there; they stay where they are if it may not be trained."""
    return {
        f"{prefix}.{name}": replace(weight, trainable=weight.trainable and layer.trainable)
        for name, weight in layer.weights(*shapes).items()
    }


class _BothWays(nn.Module):
    def __init__(self, forward_layer: nn.Module, backward_layer: nn.Module, merge_mode: str) -> None:
        super().__init__()
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.merge_mode = merge_mode

    def forward(self, x: torch.Tensor, *states: torch.Tensor) -> torch.Tensor:
        half = len(states) // 2
        one = self.forward_layer(x, *states[:half])
        other = self.backward_layer(x, *states[half:])
        if self.backward_layer.return_sequences:
            other = other.flip(2)  # back into the order of the other way
        if self.merge_mode == "concat":
            return torch.cat((one, other), 1)
        if self.merge_mode == "mul":
            return one * other
        return one + other if self.merge_mode == "sum" else (one + other) / 2


@dataclass(frozen=True, eq=False)
class TimeDistributed(Layer):
    """Apply a layer to every step of a sequence alike, with the same weights.

    y[t] = layer(x[t])

    Shape:   (l, ...) -> (l, ...'), where the layer makes ...' of ...
    Cost:    the weights of the layer;  its MACs l times
    Args:    layer: what is applied; it takes one value.
    Errors:  ArgumentError for a block or a layer of several values; ShapeError where there are no steps.
    Source:  Keras 3, keras.layers.TimeDistributed
    Example: >>> TimeDistributed(Dense(8)).output((20, 3))
             (20, 8)
    """

    layer: InnerLayer

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self._inner
        if inner.takes[0] != 1 or type(inner).build in (Layer.build, Merging.build):
            raise ArgumentError(
                f"TimeDistributed: layer must be one that takes one value, not {self.layer!r}",
                fix="TimeDistributed for each layer of a block",
            )

    @cached_property
    def _inner(self) -> Layer:
        return catalog.get("layers", self.layer)

    @property
    def words(self) -> int | None:
        return self._inner.words

    def output(self, shape: Shape) -> Shape:
        if len(shape) < 2:
            raise ShapeError(
                "TimeDistributed takes a sequence, it was given a vector",
                sum=f"2 axes needed at least, {len(shape)} given: {shape_text(shape)}",
                fix="Reshape((-1, c)) before it",
            )
        return (shape[0], *self._inner.output(shape[1:]))

    def weights(self, shape: Shape) -> dict[str, Weight]:
        return _under("layer", self._inner, shape[1:])

    def macs(self, shape: Shape) -> int:
        return elements(shape[:1]) * self._inner.macs(shape[1:])

    def window(self, shape: Shape) -> Window | None:
        window, output = self._inner.window(shape[1:]), self._inner.output(shape[1:])
        if len(shape) == 2 and len(output) == 1:
            return None  # a vector has no positions: a step sees itself
        if window is EVERYTHING or len(output) != len(shape) - 1 or len(shape) > 4:
            return EVERYTHING
        if window is None:
            return None
        parts = ((1, *window.kernel), (1, *window.stride), ((0, 0), *window.padding), (1, *window.dilation))
        return Window(*parts, late=window.late)

    def build(self, shape: Shape) -> nn.Module:
        inner, after = self._inner, self._inner.then
        output = inner.output(shape[1:])
        follow = nn.Identity() if after is None else after.build(output)
        return _EveryStep(inner.build(shape[1:]), follow, output)

    @classmethod
    def example(cls) -> Any:
        return cls(Dense(3, "tanh"), input_shape=(5, 2))


class _EveryStep(nn.Module):
    """The steps of (n, c, l, ...) as so many samples more."""

    def __init__(self, layer: nn.Module, function: nn.Module, output: Shape) -> None:
        super().__init__()
        self.layer, self.function, self.output = layer, function, output

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        count, steps = x.shape[0], x.shape[2]
        y = self.function(self.layer(to_inside(to_border(x).flatten(0, 1))))
        return to_inside(to_border(y).unflatten(0, (count, steps)))
