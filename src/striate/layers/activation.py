"""Activation functions: what makes a stack of linear layers more than one linear layer."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional

from striate import catalog
from striate.errors import ShapeError
from striate.initializers.base import InitializerLike
from striate.layers.base import Layer, LayerLike, Weight
from striate.regularizers.base import RegularizerLike
from striate.shape import Axes, Shape, elements, to_border, to_inside
from striate.units import Factor, Real

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "Activation",
    "HardSigmoid",
    "HardSwish",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "Ramp",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Step",
    "Swish",
    "Tanh",
]


@dataclass(frozen=True, eq=False)
class _Activation(Layer, abstract=True):
    """What activation functions share: they keep the shape and have no weights."""

    is_activation = True

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Activation(_Activation):
    """Apply the activation function of a name.

    y = f(x)

    Shape:   any -> the same
    Args:    activation: name of the function, or one of the layers of this file.
    Source:  Keras 3, keras.layers.Activation; lecture 003 L269-296
    Example: >>> Activation("relu").output((24, 24, 20))
             (24, 24, 20)
    """

    activation: LayerLike = field()
    then = None  # the function is the layer, and nothing follows it

    def build(self, shape: Shape) -> nn.Module:
        return catalog.get("layers", self.activation).build(shape)

    @classmethod
    def example(cls) -> Any:
        return cls("relu", input_shape=(5, 6, 2))


@dataclass(frozen=True, eq=False)
class Linear(_Activation):
    """Pass numbers on as they are.

    y = x

    Shape:   any -> the same
    Source:  Keras 3, keras.activations.linear; lecture 003 L255-265
    Example: >>> Linear().output((10,))
             (10,)
    """

    linear = True

    def build(self, shape: Shape) -> nn.Module:
        return nn.Identity()


@dataclass(frozen=True, eq=False)
class ReLU(_Activation):
    """Cut off negative numbers. The slope at 0 is taken as 0.

    y = max(0, x)

    Shape:   any -> the same
    Source:  Nair & Hinton 2010, icml.cc/Conferences/2010/papers/432.pdf; lecture 003 L295-308
    Example: >>> ReLU().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.ReLU()


@dataclass(frozen=True, eq=False)
class LeakyReLU(_Activation):
    """Let a little of negative numbers through, so that a unit never stops learning.

    y = x where x > 0, a*x elsewhere

    Shape:   any -> the same
    Args:    negative_slope: a.
    Source:  Maas, Hannun & Ng 2013, ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf; lecture 003 L452
    Example: >>> LeakyReLU(negative_slope=0.1).output((24, 24, 20))
             (24, 24, 20)
    """

    negative_slope: Factor = 0.01

    def build(self, shape: Shape) -> nn.Module:
        return nn.LeakyReLU(self.negative_slope)


@dataclass(frozen=True, eq=False)
class ELU(_Activation):
    """Bend negative numbers smoothly towards -a.

    y = x where x > 0, a*(e^x - 1) elsewhere

    Shape:   any -> the same
    Args:    alpha: a.
    Source:  Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289; lecture 001 L147-150
    Example: >>> ELU().output((24, 24, 20))
             (24, 24, 20)
    """

    alpha: Factor = 1.0

    def build(self, shape: Shape) -> nn.Module:
        return nn.ELU(self.alpha)


@dataclass(frozen=True, eq=False)
class SELU(_Activation):
    """Bend negative numbers, and stretch all, so that means near 0 and variances near 1 stay there.

    y = s*x where x > 0, s*a*(e^x - 1) elsewhere;  a = 1.6732632423543772, s = 1.0507009873554805

    Shape:   any -> the same
    Source:  Klambauer et al. 2017, arXiv:1706.02515
    Example: >>> SELU().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.SELU()


@dataclass(frozen=True, eq=False)
class GELU(_Activation):
    """Weigh each number with the probability that a standard normal one is smaller.

    y = x * P(x),  P(x) = (1 + erf(x / sqrt(2))) / 2;
    approximate: P(x) = (1 + tanh(sqrt(2/pi) * (x + 0.044715*x^3))) / 2

    Shape:   any -> the same
    Args:    approximate: whether P is computed by tanh, as the first implementations did.
    Source:  Hendrycks & Gimpel 2016, arXiv:1606.08415
    Example: >>> GELU().output((24, 24, 20))
             (24, 24, 20)
    """

    approximate: bool = False

    def build(self, shape: Shape) -> nn.Module:
        return nn.GELU("tanh" if self.approximate else "none")


@dataclass(frozen=True, eq=False)
class Swish(_Activation):
    """Weigh each number with its own sigmoid; also called SiLU.

    y = x / (1 + e^-x)

    Shape:   any -> the same
    Source:  Elfwing, Uchibe & Doya 2017, arXiv:1702.03118; Ramachandran, Zoph & Le 2017, arXiv:1710.05941
    Example: >>> Swish().output((24, 24, 20))
             (24, 24, 20)
    """

    aliases: ClassVar[tuple[str, ...]] = ("silu",)

    def build(self, shape: Shape) -> nn.Module:
        return nn.SiLU()


@dataclass(frozen=True, eq=False)
class HardSwish(_Activation):
    """Swish, with its sigmoid made of three straight lines.

    y = x * min(1, max(0, (x + 3) / 6))

    Shape:   any -> the same
    Source:  Howard et al. 2019, arXiv:1905.02244
    Example: >>> HardSwish().output((24, 24, 20))
             (24, 24, 20)
    """

    aliases: ClassVar[tuple[str, ...]] = ("hard_silu",)

    def build(self, shape: Shape) -> nn.Module:
        return nn.Hardswish()


@dataclass(frozen=True, eq=False)
class Mish(_Activation):
    """Weigh each number with the tanh of its softplus.

    y = x * tanh(log(1 + e^x))

    Shape:   any -> the same
    Source:  Misra 2019, arXiv:1908.08681
    Example: >>> Mish().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Mish()


@dataclass(frozen=True, eq=False)
class Softplus(_Activation):
    """Bend negative numbers smoothly towards 0: a ReLU without a kink.

    y = log(1 + e^x)

    Shape:   any -> the same
    Source:  Dugas et al. 2001, papers.nips.cc/paper/1920; Glorot, Bordes & Bengio 2011, proceedings.mlr.press/v15/glorot11a.html
    Example: >>> Softplus().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Softplus(threshold=40)  # above it x itself, which is exact in double precision too


@dataclass(frozen=True, eq=False)
class Sigmoid(_Activation):
    """Squash numbers into (0, 1): probabilities of separate yes-or-no questions.

    y = 1 / (1 + e^-x)

    Shape:   any -> the same
    Source:  Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; lecture 002 L309-320
    Example: >>> Sigmoid().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Sigmoid()


@dataclass(frozen=True, eq=False)
class HardSigmoid(_Activation):
    """The sigmoid, made of three straight lines.

    y = min(1, max(0, (x + 3) / 6))

    Shape:   any -> the same
    Source:  Courbariaux, Bengio & David 2015, arXiv:1511.00363; Howard et al. 2019, arXiv:1905.02244 (these lines)
    Example: >>> HardSigmoid().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return _HardSigmoid()


class _HardSigmoid(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu6(x + 3) / 6  # the slope of torch's own is a sixth in single precision only


@dataclass(frozen=True, eq=False)
class Tanh(_Activation):
    """Squash numbers into (-1, 1).

    y = tanh(x)

    Shape:   any -> the same
    Source:  LeCun et al. 1998, doi:10.1007/3-540-49430-8_2; lecture 003 L294
    Example: >>> Tanh().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Tanh()


@dataclass(frozen=True, eq=False)
class Softsign(_Activation):
    """Squash numbers into (-1, 1), more slowly than tanh does.

    y = x / (1 + |x|)

    Shape:   any -> the same
    Source:  Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a.html
    Example: >>> Softsign().output((24, 24, 20))
             (24, 24, 20)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Softsign()


@dataclass(frozen=True, eq=False)
class Ramp(_Activation):
    """Cut numbers off at -1 and 1: tanh, made of three straight lines.

    y = min(1, max(-1, x)).  Lecture 003 prints min(-1, max(1, x)), which is -1 for every x; its slope is right:
    1 where -1 < x < 1, 0 elsewhere.

    Shape:   any -> the same
    Source:  Collobert 2004, ronan.collobert.com/pub/2004_phdthesis_lip6.pdf; lecture 003 L296
    Example: >>> Ramp().output((24, 24, 20))
             (24, 24, 20)
    """

    aliases: ClassVar[tuple[str, ...]] = ("hard_tanh",)

    def build(self, shape: Shape) -> nn.Module:
        return nn.Hardtanh()


@dataclass(frozen=True, eq=False)
class Step(_Activation):
    """Say 1 from the threshold on and 0 below: the output of the first artificial neurons.

    y = 1 where x >= threshold, 0 elsewhere

    Its slope is 0 wherever it has one, so nothing before it learns by descent; PerceptronLoss goes around it.

    Shape:   any -> the same
    Args:    threshold: where 1 begins.
    Source:  McCulloch & Pitts 1943, doi:10.1007/BF02478259; Rosenblatt 1958, doi:10.1037/h0042519; lecture 002 L45-53
    Example: >>> Step().output((24, 24, 20))
             (24, 24, 20)
    """

    threshold: Real = 0.0

    def build(self, shape: Shape) -> nn.Module:
        return _Step(self.threshold)


class _Step(nn.Module):
    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Of a distance d floor(d) + 1 is at least 1 from 0 on, at most 0 below; and unlike x >= threshold it has a
        # gradient, which is 0.
        return torch.clamp(torch.floor(x - self.threshold) + 1, 0, 1)


@dataclass(frozen=True, eq=False)
class Softmax(_Activation):
    """Turn the scores of k classes into probabilities that sum to 1; on a map, at every position.

    y[j] = e^x[j] / sum over i of e^x[i]

    Shape:   (k,) or (h, w, k) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 000 L214-252
    Example: >>> Softmax().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.Softmax(dim=1) if len(shape) == 1 else _SoftmaxOfMap(dim=1)


class _SoftmaxOfMap(nn.Softmax):
    """torch's own puts a map out of channels_last memory into another order; here nothing is moved."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return to_inside(functional.softmax(to_border(x), -1))


@dataclass(frozen=True, eq=False)
class LogSoftmax(_Activation):
    """Turn the scores of k classes into the logarithms of their probabilities; on a map, at every position.

    y[j] = x[j] - log(sum over i of e^x[i])

    Shape:   (k,) or (h, w, k) -> the same
    Source:  Bridle 1990, doi:10.1007/978-3-642-76153-9_28; lecture 003 L248
    Example: >>> LogSoftmax().output((10,))
             (10,)
    """

    def build(self, shape: Shape) -> nn.Module:
        return nn.LogSoftmax(dim=1) if len(shape) == 1 else _LogSoftmaxOfMap(dim=1)


class _LogSoftmaxOfMap(nn.LogSoftmax):
    """As with softmax, nothing is moved."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # ty: ignore[lost-keyword-for-regular-parameter]
        return to_inside(functional.log_softmax(to_border(x), -1))


@dataclass(frozen=True, eq=False)
class PReLU(Layer):
    """A leaky ReLU that learns its slopes: one for each number, or one for all positions of a channel.

    y = x where x > 0, a*x elsewhere,  a learned

    Shape:   any -> the same
    Cost:    h*w*c params; with shared_axes=(1, 2) c;  0 MACs
    Args:
        alpha_initializer: first values of a.
        alpha_regularizer: penalty on a. Weight decay would pull it to 0, which is ReLU; the paper uses none.
        shared_axes: axes along which a is the same, counted with the batch in front: (1, 2) for the height and width.
    Errors:  ShapeError for an axis that is not there; OpenSizeError where a is not shared along a size left open.
    Source:  He et al. 2015, arXiv:1502.01852; lecture 001 L692 (which takes it for another name of LeakyReLU)
    Example: >>> PReLU(shared_axes=(1, 2)).weights((24, 24, 20))["weight"].shape
             (1, 1, 20)
    """

    alpha_initializer: InitializerLike = "Zeros"
    alpha_regularizer: RegularizerLike | None = None
    shared_axes: Axes | None = None

    def output(self, shape: Shape) -> Shape:
        if max(self._shared, default=0) > len(shape):
            raise ShapeError(
                f"PReLU cannot share slopes along axis {max(self._shared)}",
                sum=f"{(None, *shape)} has axes 1 to {len(shape)}",
                fix=f"shared_axes={tuple(range(1, len(shape))) or None}, one slope for each channel",
            )
        return shape

    def weights(self, shape: Shape) -> dict[str, Weight]:
        slopes = tuple(1 if axis in self._shared else size for axis, size in enumerate(shape, start=1))
        elements(slopes)  # refuses a size that is left open
        initializer = catalog.get("initializers", self.alpha_initializer)
        return {"weight": Weight(slopes, initializer, regularizer=catalog.get("regularizers", self.alpha_regularizer))}

    @property
    def _shared(self) -> tuple[int, ...]:
        return (self.shared_axes,) if isinstance(self.shared_axes, int) else self.shared_axes or ()

    def build(self, shape: Shape) -> nn.Module:
        return _Slopes(self.weights(shape)["weight"].shape)

    @classmethod
    def example(cls) -> Any:
        return cls(input_shape=(5, 6, 2))


class _Slopes(nn.Module):
    """Slopes lie as the numbers of a map do in channels_last memory, (h, w, c)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, x * self.weight.movedim(-1, 0))
