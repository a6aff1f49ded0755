"""Networks without convolutions: one layer, and one layer more."""

from striate.layers import Dense, Flatten
from striate.model import Model
from striate.units import Count
from striate.zoo.base import InputShape, Seed, chain, published

__all__ = ["MLP", "Perceptron"]


@published(1958, "Rosenblatt 1958, doi:10.1037/h0042519", "002 L66-105")
def Perceptron(
    input_shape: InputShape = (28, 28, 1), classes: Count = 10, seed: Seed = None, name: str = "perceptron"
) -> Model:
    """One layer of weights from pixels to classes: the largest sum wins.

    It gives the sums themselves, so it learns by a loss of scores: cross-entropy with from_logits=True, or a hinge.

    Cost:    7,850 params, 7,840 MACs on 28x28 pixels
    Example: >>> Perceptron().count_params()
             7850
    """
    return chain(input_shape, [Flatten(), Dense(classes)], name, seed)


@published(1986, "Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0", "000 L8-13, L117")
def MLP(
    input_shape: InputShape = (28, 28, 1),
    classes: Count = 10,
    hidden: Count = 30,
    seed: Seed = None,
    name: str = "mlp",
) -> Model:
    """A fully connected network with one hidden layer of sigmoid units, 784-30-10 for digits.

    Cost:    23,860 params, 23,820 MACs on 28x28 pixels
    Args:    hidden: units of the hidden layer.
    Example: >>> MLP().count_params()
             23860
    """
    return chain(input_shape, [Flatten(), Dense(hidden, "sigmoid"), Dense(classes, "softmax")], name, seed)
