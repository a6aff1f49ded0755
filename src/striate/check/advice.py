"""What can be known to be amiss from the declaration alone: before data, before weights."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from striate import catalog
from striate.check.cost import bricks, multiplies, weights
from striate.check.receptive_field import reaches
from striate.check.separability import check_separable
from striate.check.table import Table
from striate.errors import DeclarationError, ShapeError
from striate.finding import Finding
from striate.initializers.base import Initializer
from striate.layers.base import Layer
from striate.losses.base import Loss
from striate.network import Network, Node
from striate.shape import AXES, EVERYTHING, Shape, elements, shape_text
from striate.units import count_text

__all__ = ["Labels", "check", "check_head", "check_heads", "check_layers", "check_windows", "refuse"]


def check(
    network: Network,
    loss: Loss | str | Mapping[str, Loss | None] | None = None,
    classes: int | None = None,
    strict: bool = False,
    labels: Shape | None = None,
    data: tuple[Any, Any] | None = None,
) -> Table:
    """The table of a network with everything that is amiss in its declaration; no weight is made.

    What must be refused is a finding of severity "error"; `refuse` raises it.

    Args:    loss: what the network will be trained with; of several outputs each by its name.
             classes: how many the labels tell apart.
             strict: a window that leaves pixels unseen is an error.
             labels: the shape of one label.
             data: what will be learned, images and labels, where they are at hand: whether one layer can tell two
                 classes apart is known then.
    Source:  lecture 002 L744-772 (windows); lecture 003 L470-471 (first weights)
    Example: >>> from striate.layers import Conv2D
             >>> network = Network.sequential([Conv2D(1, 3, strides=3, input_shape=(7, 7, 1))])
             >>> [finding.fault for finding in check(network).findings]
             ['window-does-not-tile']
    """
    found = [
        *check_windows(network, strict),
        *check_heads(network, loss, Labels(labels, classes)),
        *check_layers(network),
        *(check_separable(network, *data) if data is not None else ()),
    ]
    return replace(Table.of(network), findings=tuple(found))


def refuse(findings: Iterable[Finding]) -> None:
    """Raise what of the findings is an error: the first, and beside it the others.

    Errors:  DeclarationError with where, sum and fix.
    Example: >>> refuse([Finding("bias-before-batch-norm", "conv2d", "x + b - b = x", "no use", "use_bias=False")])
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        first, *others = errors
        also = "".join(f"\nalso: {finding.where}: {finding.cause}" for finding in others)
        raise DeclarationError(first.cause, where=first.where, sum=first.evidence + also, fix=first.fix)


# Windows


def check_windows(network: Network, strict: bool = False) -> Iterator[Finding]:
    """Windows that never see the last pixels of their map, each with the sum and what would fit.

    Source:  lecture 002 L744-772
    Example: >>> from striate.layers import Conv2D
             >>> network = Network.sequential([Conv2D(1, 3, strides=3, input_shape=(7, 7, 1))])
             >>> print(next(check_windows(network)).fix)
             padding=1 (3x3 comes out), padding="same" (3x3), strides=2 (3x3), or a map of 6x6 or 9x9
    """
    for node in network.nodes:
        shape = node.shapes[0]
        window = node.layer.window(*node.shapes)
        unseen = () if window in (None, EVERYTHING) else window.unseen(shape[:-1])
        if unseen:
            lost = ", ".join(f"{pixels} of {axis}" for axis, pixels, _ in unseen)
            sums: dict[str, list[str]] = {}
            for axis, _, text in unseen:
                sums.setdefault(text.removeprefix(f"{axis}: "), []).append(axis)
            yield Finding(
                "window-does-not-tile",
                node.name,
                "; ".join(f"{' and '.join(names)}: {text}" for text, names in sums.items()),
                f"the window does not tile its {shape_text(shape[:-1])} map: its last pixels ({lost}) are never seen",
                _what_fits(node.layer, shape),
                "error" if strict else "advice",
            )


LONGEST_SEARCH = 1_000
"""Paddings and strides above this are slips, and trying a billion of them would take an hour."""


def _what_fits(layer: Layer, shape: Shape) -> str:
    """The smallest padding, the largest shorter stride and the nearest maps with which the window tiles."""
    window, sizes = layer.window(shape), shape[:-1]
    assert window is not None
    tries = {
        "padding": [range(1, min(max(window.reach), LONGEST_SEARCH)), ["same"]],
        "strides": [range(min(max(window.stride), LONGEST_SEARCH) - 1, 0, -1)],
    }
    told = []
    for argument, groups in tries.items():
        for values in groups:
            fitting = ((value, _tiled(layer, shape, {argument: value})) for value in values)
            value, out = next((pair for pair in fitting if pair[1]), (None, None))
            if out:
                told.append(f"{argument}={json.dumps(value)} ({shape_text(out)}{'' if told else ' comes out'})")
    smaller, larger = list(sizes), list(sizes)
    for axis, pixels, _ in window.unseen(sizes):
        number = AXES[len(sizes)].index(axis)
        smaller[number] -= pixels
        larger[number] += window.stride[number] - pixels - window.padding[number][1]
    told.append(f"{'or ' if told else ''}a map of {shape_text(smaller)} or {shape_text(larger)}")
    return ", ".join(told)


def _tiled(layer: Layer, shape: Shape, change: dict[str, Any]) -> Shape | None:
    """The map that comes out of the layer so changed, where its window tiles."""
    try:
        changed = replace(layer, **change)
        window, out = changed.window(shape), changed.output(shape)
    except DeclarationError:
        return None
    return None if window is None or window.unseen(shape[:-1]) else out[:-1]


# Head, loss and labels


@dataclass(frozen=True)
class Labels:
    """What is known of the labels before they are read.

    Args:    shape: of one label: () for a class number, (k,) for one number for each class.
             classes: how many they tell apart.
    Example: >>> Labels(shape=(10,)).one_hot((10,)), Labels(shape=()).one_hot((10,)), Labels().one_hot((10,))
             (True, False, None)
    """

    shape: Shape | None = None
    classes: int | None = None

    def one_hot(self, output: Shape) -> bool | None:
        """Whether each number of the output has a label of its own (True), or each position a class number (False)."""
        if self.shape == output:
            return None if output[-1:] == (1,) else True
        return False if self.shape in (output[:-1], (*output[:-1], 1)) else None


_OTHER_LOSS = {True: "categorical_crossentropy", False: "sparse_categorical_crossentropy"}
"""The cross-entropy of exclusive classes for labels that are one-hot, and that are class numbers."""


def check_heads(
    network: Network, loss: Loss | str | Mapping[str, Loss | None] | None, labels: Labels | None = None
) -> list[Finding]:
    """What check_head finds at each output: one loss is that of all, a table holds each output's own.

    Of several outputs the number of classes is not known: each may tell others apart.
    Example: >>> from striate.layers import Dense
             >>> network = Network.sequential([Dense(1, activation="softmax", input_shape=(4,))])
             >>> [finding.fault for finding in check_heads(network, None)]
             ['softmax-over-one-unit']
    """
    losses = loss if isinstance(loss, Mapping) else dict.fromkeys(network.outputs, loss)
    labels = labels if len(network.outputs) == 1 else None
    return [finding for name in network.outputs for finding in check_head(network, losses.get(name), labels, name)]


def check_head(
    network: Network, loss: Loss | str | None, labels: Labels | None = None, output: str | None = None
) -> list[Finding]:
    """Whether the last layer, the loss and the labels belong together; each that does not is an error.

    Args:    labels: what is known of them.
             output: which output the loss is for, where there are several.
    Source:  lecture 003 L73-120
    Example: >>> from striate.layers import Dense
             >>> network = Network.sequential([Dense(1, activation="softmax", input_shape=(4,))])
             >>> check_head(network, None)[0].fault
             'softmax-over-one-unit'
    """
    head = _Head.of(network, output or network.outputs[0])
    loss, labels = catalog.get("losses", loss), labels or Labels()
    softmax = head.activation or (loss and loss.head)  # where the head has none, the loss applies its own
    if softmax == "Softmax" and head.units == 1:
        return [
            _error(
                "softmax-over-one-unit",
                head,
                "exp(x) / exp(x) = 1 for every x",
                f"a softmax over one unit always says 1: {head.name} can learn nothing",
                f'activation="sigmoid" on {head.name} with loss="binary_crossentropy" for two classes, '
                "or one unit for each class",
            )
        ]
    if loss is not None and "Step" in (head.activation, loss.head):
        return list(_step_and_loss(head, loss))
    if loss is None or loss.head is None:
        return []
    found = list(_head_and_loss(head, loss, labels))
    return found or [*_units_and_classes(head, loss, labels), *_loss_and_labels(head, loss, labels)]


@dataclass(frozen=True)
class _Head:
    """How a network ends."""

    name: str
    """The layer that weighs the numbers which come out."""
    argument: str
    """That layer's argument for how many come out."""
    output: Shape
    activation: str | None
    """What they go through at the end: "Softmax", "Sigmoid", "Step", or None: any numbers."""

    @property
    def units(self) -> int:
        return self.output[-1]

    @classmethod
    def of(cls, network: Network, output: str) -> "_Head":
        """Walk back from the output to what makes its numbers."""
        node, activation = network[output], None
        while True:
            kinds = [type(layer).__name__ for layer, _ in bricks(node)]
            activation = activation or next((kind for kind in reversed(kinds) if kind in _HEADS), None)
            if node.is_input or len(node.inputs) != 1 or _multiplies(node):
                argument = "filters" if hasattr(node.layer, "filters") else "units"
                return cls(node.name, argument, network[output].output, activation)
            node = network[node.inputs[0]]


_HEADS = ("Softmax", "Sigmoid", "Step")
"""Activations that a loss may want at the end."""


def _error(fault: str, head: _Head, evidence: str, cause: str, fix: str) -> Finding:
    return Finding(fault, head.name, evidence, cause, fix, "error")


def _head_and_loss(head: _Head, loss: Loss, labels: Labels) -> Iterator[Finding]:
    wanted, name = str(loss.head), type(loss).__name__
    from_logits = getattr(loss, "from_logits", False)
    several, binary = "if an image can have several classes", 'loss="binary_crossentropy"'
    if from_logits and head.activation:
        yield _error(
            "head-applied-twice",
            head,
            _squashed_twice(head),
            f"{name}(from_logits=True) applies the {wanted.lower()} itself, {head.name} is followed by a "
            f"{head.activation.lower()} already",
            f"from_logits=False, or no {head.activation.lower()} after {head.name}",
        )
    elif not from_logits and head.activation is None:
        yield _error(
            "head-missing",
            head,
            "log(p) needs 0 <= p <= 1" + (", and the p of all classes to add up to 1" if wanted == "Softmax" else ""),
            f"{name} takes probabilities, {head.name} gives any number",
            f'activation="{wanted.lower()}" on {head.name}, or {name}(from_logits=True)',
        )
    elif not from_logits and wanted == "Sigmoid" and head.activation == "Softmax":
        yield _error(
            "softmax-with-binary-loss",
            head,
            f"softmax: the {head.units} outputs add up to 1; {name}: each is right or wrong for itself",
            f"{name} takes each output as a yes or no of its own, the softmax of {head.name} shares one among all",
            f'loss="{_OTHER_LOSS[bool(labels.one_hot(head.output))]}", '
            f'or activation="sigmoid" on {head.name} {several}',
        )
    elif not from_logits and wanted == "Softmax" and head.activation == "Sigmoid":
        yield _error(
            "sigmoid-with-categorical-loss",
            head,
            "-log(p) of the true class alone: nothing makes the sigmoids of the others small",
            f"{name} compares classes that exclude each other, the sigmoid of {head.name} judges each for itself",
            binary if head.units == 1 else f'activation="softmax" on {head.name}, or {binary} {several}',
        )


def _step_and_loss(head: _Head, loss: Loss) -> Iterator[Finding]:
    """A step has no slope: only the loss that takes the scores before it can be learned from, and it wants the step."""
    name, from_logits = type(loss).__name__, getattr(loss, "from_logits", False)
    if loss.head != "Step":
        yield _error(
            "no-gradient-through-step",
            head,
            "the slope of a step is 0 at every score, and so is the gradient of all weights before it",
            f"{name} can teach nothing through the step of {head.name}",
            f'loss="perceptron_loss", which takes the scores before it, or activation="sigmoid" on {head.name}',
        )
    elif from_logits and head.activation:
        yield _error(
            "head-applied-twice",
            head,
            f"{name}(from_logits=True) takes scores, and {head.name} gives what a {head.activation.lower()} makes of them",
            f"{name}(from_logits=True) applies the step itself, {head.name} is followed by a {head.activation.lower()}",
            f"from_logits=False, or no {head.activation.lower()} after {head.name}",
        )
    elif not from_logits and head.activation != "Step":
        yield _error(
            "head-missing",
            head,
            f"{name} counts answers 0 and 1 that are wrong",
            f"{name} takes what a step gives, {head.name} gives "
            + (f"what a {head.activation.lower()} gives" if head.activation else "any number"),
            f'activation="step" on {head.name}, or {name}(from_logits=True)',
        )


def _squashed_twice(head: _Head) -> str:
    if head.activation == "Softmax":
        most = math.e / (math.e + head.units - 1)
        return f"softmax(softmax(x)) is at most e / (e + {head.units} - 1) = {most:.3g}, however sure the network is"
    return f"sigmoid(sigmoid(x)) lies between 0.5 and 1 / (1 + 1/e) = {1 / (1 + 1 / math.e):.3g}"


def _units_and_classes(head: _Head, loss: Loss, labels: Labels) -> Iterator[Finding]:
    classes, binary = labels.classes, loss.head == "Sigmoid"
    one_will_do = binary and head.units == 1
    if classes is None or classes < 2 or head.units == classes or (one_will_do and classes == 2):
        return
    fix = f"{head.argument}={classes} in {head.name}"
    if one_will_do:
        fix += ' with activation="softmax" and loss="sparse_categorical_crossentropy"'
    given = f"{head.units} unit{'s' if head.units > 1 else ''}"
    yield _error(
        "units-differ-from-classes",
        head,
        f"{given}, {classes} classes: needed is one for each" + (", or one for two classes" if binary else ""),
        f"{head.name} has {given} for {classes} classes",
        fix,
    )


def _loss_and_labels(head: _Head, loss: Loss, labels: Labels) -> Iterator[Finding]:
    one_hot = labels.one_hot(head.output)
    takes_numbers = type(loss).__name__.startswith("Sparse")
    if one_hot is None or head.units == 1 or one_hot != takes_numbers:
        return
    kinds = {True: "one number for each class", False: "a class number"}
    yield _error(
        "labels-are-one-hot" if one_hot else "labels-are-class-numbers",
        head,
        f"the shape of a label is {labels.shape}, that of the output {head.output}",
        f"{type(loss).__name__} takes {kinds[not one_hot]}, a label is {kinds[one_hot]}",
        f'loss="{_OTHER_LOSS[one_hot]}"' if loss.head == "Softmax" else "labels=utils.to_categorical(labels)",
    )


# Layers


HUGE_DENSE = 50_000_000
"""Weights of one dense layer on a flattened map from which global pooling is advised: 200 MB."""


def check_layers(network: Network) -> list[Finding]:
    """Weights that cannot be filled as declared, an error each; and what is allowed and seldom meant, as advice.

    Example: >>> from striate.layers import Conv2D
             >>> layers = [Conv2D(4, 3, input_shape=(9, 9, 1)), Conv2D(4, 3)]
             >>> [finding.fault for finding in check_layers(Network.sequential(layers))]
             ['linear-after-linear']
    """
    rules = (
        _weights_cannot_be_filled,
        _weights_start_equal,
        _linear_after_linear,
        _bias_before_batch_norm,
        _dense_holds_most_weights,
    )
    return [finding for rule in rules for finding in rule(network)]


def _weights_cannot_be_filled(network: Network) -> Iterator[Finding]:
    for node in network.layers:
        for weight in node.layer.weights(*node.shapes).values():
            try:
                weight.initializer.require(weight.shape)
            except ShapeError as error:
                yield Finding("initializer-does-not-fit", node.name, error.sum, error.what, error.fix, "error")


def _weights_start_equal(network: Network) -> Iterator[Finding]:
    """Units that start equal see the same and are moved alike: lecture 003 L470-471.

    What may start equal, and is not reported: a lone unit; the last weights before a loss, whose units differ by their
    targets (so logistic regression may start at 0); and a branch that is joined with another, from which its units get
    what tells them apart (so a residual block may start as the identity).
    """
    told_apart = _told_apart(network)
    for node in network.layers:
        if not _multiplies(node) or not node.layer.trainable or node.name in told_apart:
            continue
        products = [layer.weights(*shapes) for layer, shapes in bricks(node)]
        for name, weight in (item for found in products for item in found.items()):
            rivals = 1 if name.endswith("bias") else _rivals(weight.shape, node)
            if weight.trainable and rivals > 1 and _draws_equal(weight.initializer, weight.shape):
                yield Finding(
                    "weights-start-equal",
                    node.name,
                    f"{weight.initializer!r} for all {count_text(elements(weight.shape))} numbers of {name}",
                    "its units start as one and compute the same: at most the weights after them can make them differ, "
                    "and behind a ReLU zeros never learn",
                    f'kernel_initializer="glorot_uniform" on {node.name}',
                )


def _told_apart(network: Network) -> set[str]:
    """The nodes with weights whose units reach, with no weights between, a loss or another branch."""
    joined = [name for node in network.nodes if len(node.inputs) > 1 for name in node.inputs]
    waiting, seen = [*network.outputs, *joined], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(() if _multiplies(network[name]) else network[name].inputs)
    return seen


def _rivals(shape: Shape, node: Node) -> int:
    """How many units of a weight (outputs, inputs / groups, *kernel) see the same inputs, and could become one."""
    return shape[0] // max(node.shapes[0][-1] // shape[1], 1) if len(shape) > 1 else 1


def _draws_equal(initializer: Initializer, shape: Shape) -> bool:
    few = tuple(min(size, 2) for size in shape)
    try:
        drawn = initializer.sample(few, torch.Generator().manual_seed(0))
    except ShapeError:  # what asks for more outputs than two has something to tell them apart by
        return False
    return bool((drawn == drawn.flatten()[0]).all())


def _linear_after_linear(network: Network) -> Iterator[Finding]:
    for node in network.nodes:
        if not _multiplies(node) or not node.layer.linear:
            continue
        before = node
        while len(before.inputs) == 1:
            before = network[before.inputs[0]]
            if not all(layer.linear for layer, _ in bricks(before)):
                break
            if _multiplies(before):
                yield Finding(
                    "linear-after-linear",
                    node.name,
                    "w2 (w1 x) = (w2 w1) x",
                    f"{before.name} and {node.name} have no activation between them: "
                    "together they can do no more than one such layer",
                    f'activation="relu" on {before.name}; leave it where two thin layers stand for a thick one',
                )
                break


def _bias_before_batch_norm(network: Network) -> Iterator[Finding]:
    users = Counter(name for node in network.nodes for name in node.inputs)
    biased: list[Node] = []
    for node in network.nodes:
        if type(node.layer).__name__ == "BatchNormalization":
            before = network[node.inputs[0]]
            bias = before.layer.activation is None and "bias" in before.layer.weights(*before.shapes)
            if bias and _multiplies(before) and users[before.name] == 1:
                biased.append(before)
    if biased:
        count = sum(elements(node.layer.weights(*node.shapes)["bias"].shape) for node in biased)
        yield Finding(
            "bias-before-batch-norm",
            ", ".join(node.name for node in biased),
            f"(x + b) - mean(x + b) = x - mean(x): {count_text(count)} numbers",
            "a bias before batch normalisation is subtracted again",
            "use_bias=False",
        )


def _dense_holds_most_weights(network: Network) -> Iterator[Finding]:
    huge = [node for node in network.layers if len(node.shapes[0]) == 1 and _numbers(node) > HUGE_DENSE]
    for node in huge:
        before, total = reaches(network)[node.inputs[0]], sum(map(_numbers, network.layers))
        flattened = before.stride is not None and elements(before.positions) > 1
        if flattened and _numbers(node) > total / 2:
            channels = node.shapes[0][0] // elements(before.positions)
            yield Finding(
                "dense-holds-most-weights",
                node.name,
                f"{count_text(_numbers(node))} of {count_text(total)} weights: "
                f"{shape_text(before.positions)} positions of {channels} channels for {node.output[-1]} units",
                "most of the network is one dense layer on a flattened map",
                f"global average pooling instead of Flatten: {count_text((channels + 1) * node.output[-1])} weights",
            )


def _multiplies(node: Node) -> bool:
    return any(multiplies(layer, shapes) for layer, shapes in bricks(node))


def _numbers(node: Node) -> int:
    """How many weights a node brings."""
    return sum(elements(weight.shape) for weight in weights(node))
