"""What is amiss in a declaration is found, told with its sum, and gone once its fix is applied."""

import re
import sys
from dataclasses import replace

import pytest
import torch

from striate import layers
from striate.build import build
from striate.check import Labels, check, check_head, check_layers, check_windows, refuse
from striate.errors import DeclarationError
from striate.finding import Finding
from striate.initializers import (
    LSUV,
    Constant,
    Dirac,
    GlorotUniform,
    Identity,
    Ones,
    Orthogonal,
    TruncatedNormal,
    Zeros,
)
from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    ReLU,
    Reshape,
    Softmax,
)
from striate.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from striate.network import Network


def faults(findings):
    return [finding.fault for finding in findings]


# Windows

MISFITS = [
    (Conv2D(1, 3, strides=3), (7, 7, 1)),
    (Conv2D(1, 3, strides=(3, 2)), (7, 7, 1)),
    (Conv2D(1, 5, strides=4, padding=1, dilation_rate=2), (22, 25, 1)),
    (Conv1D(2, 3, strides=2), (8, 1)),
    (MaxPooling2D(2), (7, 9, 3)),
    (MaxPooling2D(3, strides=2), (14, 14, 3)),
    (layers.AveragePooling3D((1, 2, 3)), (4, 5, 7, 2)),
]


def test_the_lectures_window_that_does_not_fit_is_told_with_its_sum_and_the_choices():
    (found,) = check_windows(Network.sequential([Conv2D(1, 3, strides=3)], (7, 7, 1)))
    assert found == Finding(
        fault="window-does-not-tile",
        where="conv2d",
        evidence="height and width: (7 + 2*0 - 1*(3-1) - 1) / 3 + 1 = 2.333",
        cause="the window does not tile its 7x7 map: its last pixels (1 of height, 1 of width) are never seen",
        fix='padding=1 (3x3 comes out), padding="same" (3x3), strides=2 (3x3), or a map of 6x6 or 9x9',
    )


def test_axes_that_miss_differently_are_told_apart():
    (found,) = check_windows(Network.sequential([MaxPooling2D((2, 3))], (7, 8, 1)))
    assert found.evidence == (
        "height: (7 + 2*0 - 1*(2-1) - 1) / 2 + 1 = 3.5; width: (8 + 2*0 - 1*(3-1) - 1) / 3 + 1 = 2.667"
    )
    assert "(1 of height, 2 of width)" in found.cause


@pytest.mark.parametrize(("layer", "shape"), MISFITS, ids=str)
def test_every_choice_that_a_misfit_is_offered_fits(layer, shape):
    (found,) = check_windows(Network.sequential([layer], shape))
    changes = re.findall(r'(padding|strides)=("?\w+"?) \(([\dx]+)', found.fix)
    for argument, value, out in changes:
        changed = replace(layer, **{argument: value.strip('"') if '"' in value else int(value)})
        network = Network.sequential([changed], shape)
        assert list(check_windows(network)) == []
        assert "x".join(map(str, network.nodes[-1].output[:-1])) == out
    maps = re.search(r"a map of ([\dx]+) or ([\dx]+)$", found.fix)
    assert maps
    for sizes in maps.groups():
        network = Network.sequential([layer], (*map(int, sizes.split("x")), shape[-1]))
        assert list(check_windows(network)) == []
    assert {argument for argument, _, _ in changes} == {"padding", "strides"}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Conv2D(1, 3, strides=2), (7, 7, 1)),
        (Conv2D(1, 3, strides=3, padding="same"), (7, 7, 1)),
        (Conv2D(1, 11, strides=4), (227, 227, 3)),
        # one pixel of the padding is never seen, every pixel of the image is
        (Conv2D(1, 7, strides=2, padding=3), (224, 224, 3)),
        (MaxPooling2D(2), (8, 8, 1)),
        (GlobalAveragePooling2D(), (7, 7, 1)),
        (Dense(3), (7,)),
    ],
    ids=str,
)
def test_a_window_that_sees_every_pixel_is_not_reported(layer, shape):
    assert list(check_windows(Network.sequential([layer], shape))) == []


def test_a_misfit_is_advice_and_under_strict_an_error():
    network = Network.sequential([Conv2D(1, 3, strides=3)], (7, 7, 1))
    refuse(check(network).findings)
    with pytest.raises(DeclarationError) as refused:
        refuse(check(network, strict=True).findings)
    assert str(refused.value) == (
        "the window does not tile its 7x7 map: its last pixels (1 of height, 1 of width) are never seen\n"
        "  where : conv2d\n"
        "  sum   : height and width: (7 + 2*0 - 1*(3-1) - 1) / 3 + 1 = 2.333\n"
        '  fix   : padding=1 (3x3 comes out), padding="same" (3x3), strides=2 (3x3), or a map of 6x6 or 9x9'
    )


def test_several_errors_are_told_at_once():
    network = Network.sequential([MaxPooling2D(2), MaxPooling2D(2)], (7, 7, 1))
    with pytest.raises(DeclarationError, match="also: max_pooling2d_1: the window does not tile its 3x3 map"):
        refuse(check(network, strict=True).findings)


# Head, loss and labels


def head(*chain, shape=(4,)):
    return Network.sequential(chain, shape)


TEN, TWO, ONE = (10,), (2,), ()
FITTING = [
    (head(Dense(10, "softmax")), "sparse_categorical_crossentropy", Labels(ONE, 10)),
    (head(Dense(10, "softmax")), "sparse_categorical_crossentropy", Labels((1,), 10)),
    (head(Dense(10, "softmax")), "categorical_crossentropy", Labels(TEN, 10)),
    (head(Dense(10), Activation("softmax")), "categorical_crossentropy", Labels(TEN, 10)),
    (head(Dense(10), Softmax(), Dropout(0.1), Reshape((10,))), "categorical_crossentropy", Labels(TEN, 10)),
    (head(Dense(10)), SparseCategoricalCrossentropy(from_logits=True), Labels(ONE, 10)),
    (head(Dense(10), Activation("linear")), CategoricalCrossentropy(from_logits=True), Labels(TEN, 10)),
    (head(Dense(1, "sigmoid")), "binary_crossentropy", Labels(ONE, 2)),
    (head(Dense(1)), BinaryCrossentropy(from_logits=True), Labels((1,), 2)),
    (head(Dense(10, "sigmoid")), "binary_crossentropy", Labels(TEN, 10)),
    (head(Dense(2, "softmax")), "sparse_categorical_crossentropy", Labels(ONE, 2)),
    (head(Dense(10)), "mean_squared_error", Labels(TEN)),
    (head(Dense(10, "sigmoid")), MeanSquaredError(), Labels(TEN)),
    (head(Conv2D(5, 1, activation="softmax"), shape=(8, 8, 3)), "sparse_categorical_crossentropy", Labels((8, 8), 5)),
    (head(Conv2D(5, 1, activation="softmax"), shape=(8, 8, 3)), "categorical_crossentropy", Labels((8, 8, 5), 5)),
    (
        head(Conv2D(5, 1), GlobalAveragePooling2D(), Softmax(), shape=(8, 8, 3)),
        "categorical_crossentropy",
        Labels((5,)),
    ),
    (head(Dense(1, "sigmoid")), None, None),
]

MISFITTING = [
    (
        "softmax-over-one-unit",
        head(Dense(1, "softmax")),
        "binary_crossentropy",
        Labels(ONE, 2),
        [
            (head(Dense(1, "sigmoid")), "binary_crossentropy"),
            (head(Dense(2, "softmax")), "sparse_categorical_crossentropy"),
        ],
    ),
    (
        "softmax-over-one-unit",
        head(Dense(1)),
        SparseCategoricalCrossentropy(from_logits=True),
        Labels(ONE, 2),
        [(head(Dense(1, "sigmoid")), "binary_crossentropy")],
    ),
    (
        "softmax-with-binary-loss",
        head(Dense(10, "softmax")),
        "binary_crossentropy",
        Labels(TEN, 10),
        [(head(Dense(10, "softmax")), "categorical_crossentropy"), (head(Dense(10, "sigmoid")), "binary_crossentropy")],
    ),
    (
        "softmax-with-binary-loss",
        head(Dense(10), Softmax()),
        "binary_crossentropy",
        Labels(ONE, 10),
        [(head(Dense(10), Softmax()), "sparse_categorical_crossentropy")],
    ),
    (
        "sigmoid-with-categorical-loss",
        head(Dense(1, "sigmoid")),
        "categorical_crossentropy",
        Labels(ONE, 2),
        [(head(Dense(1, "sigmoid")), "binary_crossentropy")],
    ),
    (
        "sigmoid-with-categorical-loss",
        head(Dense(10, "sigmoid")),
        "categorical_crossentropy",
        Labels(TEN, 10),
        [(head(Dense(10, "softmax")), "categorical_crossentropy"), (head(Dense(10, "sigmoid")), "binary_crossentropy")],
    ),
    (
        "head-missing",
        head(Dense(10)),
        "sparse_categorical_crossentropy",
        Labels(ONE, 10),
        [
            (head(Dense(10, "softmax")), "sparse_categorical_crossentropy"),
            (head(Dense(10)), SparseCategoricalCrossentropy(from_logits=True)),
        ],
    ),
    (
        "head-missing",
        head(Dense(10), ReLU()),
        "categorical_crossentropy",
        Labels(TEN, 10),
        [(head(Dense(10, "softmax")), "categorical_crossentropy")],
    ),
    (
        "head-missing",
        head(Dense(1, "tanh")),
        "binary_crossentropy",
        Labels(ONE, 2),
        [(head(Dense(1, "sigmoid")), "binary_crossentropy")],
    ),
    (
        "head-applied-twice",
        head(Dense(10, "softmax")),
        SparseCategoricalCrossentropy(from_logits=True),
        Labels(ONE, 10),
        [
            (head(Dense(10, "softmax")), SparseCategoricalCrossentropy()),
            (head(Dense(10)), SparseCategoricalCrossentropy(from_logits=True)),
        ],
    ),
    (
        "head-applied-twice",
        head(Dense(1), Activation("sigmoid")),
        BinaryCrossentropy(from_logits=True),
        Labels(ONE, 2),
        [(head(Dense(1), Activation("sigmoid")), "binary_crossentropy")],
    ),
    (
        "units-differ-from-classes",
        head(Dense(10, "softmax")),
        "sparse_categorical_crossentropy",
        Labels(ONE, 12),
        [(head(Dense(12, "softmax")), "sparse_categorical_crossentropy")],
    ),
    (
        "units-differ-from-classes",
        head(Conv2D(10, 1), GlobalAveragePooling2D(), Softmax(), shape=(8, 8, 3)),
        "sparse_categorical_crossentropy",
        Labels(ONE, 12),
        [
            (
                head(Conv2D(12, 1), GlobalAveragePooling2D(), Softmax(), shape=(8, 8, 3)),
                "sparse_categorical_crossentropy",
            )
        ],
    ),
    (
        "units-differ-from-classes",
        head(Dense(1, "sigmoid")),
        "binary_crossentropy",
        Labels(ONE, 3),
        [(head(Dense(3, "softmax")), "sparse_categorical_crossentropy")],
    ),
    (
        "labels-are-one-hot",
        head(Dense(10, "softmax")),
        "sparse_categorical_crossentropy",
        Labels(TEN, 10),
        [(head(Dense(10, "softmax")), "categorical_crossentropy")],
    ),
    (
        "labels-are-class-numbers",
        head(Dense(10, "softmax")),
        "categorical_crossentropy",
        Labels(ONE, 10),
        [(head(Dense(10, "softmax")), "sparse_categorical_crossentropy")],
    ),
    (
        "labels-are-class-numbers",
        head(Dense(10, "sigmoid")),
        "binary_crossentropy",
        Labels(ONE, 10),
        [],
    ),
]


@pytest.mark.parametrize(("network", "loss", "labels"), FITTING)
def test_what_belongs_together_is_let_through(network, loss, labels):
    assert check_head(network, loss, labels) == []


@pytest.mark.parametrize(("fault", "network", "loss", "labels", "fixed"), MISFITTING)
def test_what_does_not_belong_together_is_an_error_and_its_fix_puts_it_right(fault, network, loss, labels, fixed):
    (found,) = check_head(network, loss, labels)
    assert (found.fault, found.severity) == (fault, "error")
    assert found.where in {node.name for node in network.nodes}
    for right, other in fixed:
        assert check_head(right, other, labels) == []


def test_what_misfits_are_told_is_golden(golden):
    golden("check_heads.txt", "\n".join(str(check_head(*entry[1:4])[0]) for entry in MISFITTING))


def test_a_softmax_over_one_unit_is_found_without_a_loss():
    assert faults(check(head(Dense(1, "softmax"))).findings) == ["softmax-over-one-unit"]


def test_the_output_that_a_loss_is_for_can_be_named():
    x = Input((4,))
    network = Network.functional(x, [Dense(10, "softmax", name="digit")(x), Dense(1, "sigmoid", name="red")(x)])
    assert check_head(network, "sparse_categorical_crossentropy") == []
    assert faults(check_head(network, "sparse_categorical_crossentropy", output="red")) == [
        "sigmoid-with-categorical-loss"
    ]


def test_check_takes_what_is_known_of_the_labels():
    network = head(Dense(10, "softmax"))
    assert faults(check(network, "sparse_categorical_crossentropy", classes=3).findings) == [
        "units-differ-from-classes"
    ]
    assert faults(check(network, "categorical_crossentropy", labels=()).findings) == ["labels-are-class-numbers"]


# Layers


@pytest.mark.parametrize("initializer", [Zeros(), Ones(), Constant(0.1), "zeros"])
def test_weights_that_start_equal_are_reported(initializer):
    found = check_layers(head(Dense(5, "relu", kernel_initializer=initializer), Dense(3)))
    assert faults(found) == ["weights-start-equal"]
    assert (found[0].where, found[0].severity) == ("dense", "advice")


def test_kernels_that_start_equal_are_reported_too():
    network = head(Conv2D(5, 3, activation="relu", kernel_initializer="zeros"), Flatten(), Dense(3), shape=(8, 8, 1))
    assert faults(check_layers(network)) == ["weights-start-equal"]
    assert "45 numbers of weight" in check_layers(network)[0].evidence


def test_weights_that_start_apart_and_biases_that_start_equal_are_as_they_should_be():
    assert check_layers(head(Dense(5, "relu", bias_initializer=Constant(0.1)), BatchNormalization(), Dense(3))) == []


def equal(units, activation="tanh", **arguments):
    return Dense(units, activation, kernel_initializer="zeros", **arguments)


def test_a_frozen_layer_and_a_lone_one_may_start_equal():
    assert check_layers(head(Dense(5, "relu", kernel_initializer="zeros", trainable=False), Dense(3))) == []
    assert check_layers(head(Dense(3, "softmax", kernel_initializer="zeros"))) == []


def test_the_last_weights_before_a_loss_may_start_equal():
    """Logistic regression, and a head of zeros on a network: the targets tell its units apart."""
    assert check_layers(head(Dense(5, "relu"), equal(3, "softmax"))) == []
    filters = Conv2D(3, 3, kernel_initializer="zeros")
    assert check_layers(head(Conv2D(4, 3, activation="relu"), filters, GlobalAveragePooling2D(), shape=(8, 8, 1))) == []
    x = Input((4,))
    both = [equal(3, "softmax")(x), Dense(1, "sigmoid")(x)]
    assert check_layers(Network.functional(x, both)) == []


def test_a_branch_that_is_joined_with_another_may_start_equal():
    """A residual block that starts as the identity."""
    x = Input((8, 8, 4))
    inner = Conv2D(4, 3, padding="same", activation="relu")(x)
    last = Conv2D(4, 3, padding="same", kernel_initializer="zeros")(inner)
    scores = Dense(3)(Flatten()(Add()([x, last])))
    assert check_layers(Network.functional(x, scores)) == []
    assert faults(check_layers(Network.functional(x, Dense(3)(Flatten()(ReLU()(last)))))) == ["weights-start-equal"]


def test_a_lone_unit_and_filters_that_see_a_channel_each_may_start_equal():
    assert check_layers(head(equal(1), Dense(3))) == []
    each = Conv2D(4, 3, groups=4, activation="relu", kernel_initializer=Constant(1 / 9))
    assert check_layers(head(each, Flatten(), Dense(3), shape=(8, 8, 4))) == []
    pairs = replace(each, filters=8)
    assert faults(check_layers(head(pairs, Flatten(), Dense(3), shape=(8, 8, 4)))) == ["weights-start-equal"]


@pytest.mark.parametrize("initializer", [Orthogonal(), Identity(), Dirac(), Dirac(3), LSUV(), "lecun_normal"], ids=repr)
def test_weights_of_which_some_are_zero_do_not_start_equal(initializer):
    assert check_layers(head(Dense(3, "tanh", kernel_initializer=initializer), Dense(3))) == []


@pytest.mark.parametrize("initializer", [Orthogonal(0.0), TruncatedNormal(0.1, 0.0)], ids=repr)
def test_weights_that_are_drawn_without_spread_start_equal_whatever_they_are_called(initializer):
    assert faults(check_layers(head(Dense(3, "tanh", kernel_initializer=initializer), Dense(3)))) == [
        "weights-start-equal"
    ]


def test_the_fix_of_equal_weights_is_gone_once_applied():
    for place in (0, 1):
        chain = [equal(5) if number == place else Dense(5, "tanh") for number in range(2)]
        (found,) = check_layers(head(*chain, Dense(3)))
        said = re.fullmatch(r'kernel_initializer="(\w+)" on (\w+)', found.fix)
        assert said and said.group(2) == found.where == ["dense", "dense_1"][place]
        chain[place] = replace(chain[place], kernel_initializer=said.group(1))
        assert check_layers(head(*chain, Dense(3))) == []


def trained(*chain):
    """A chain built and moved by ten steps towards random targets."""
    module = build(head(*chain), seed=1)
    x, y = (torch.randn(20, n, generator=torch.Generator().manual_seed(n)) for n in (4, 3))
    for _ in range(10):
        module.zero_grad()
        (module(x) - y).square().mean().backward()
        with torch.no_grad():
            for weight in module.parameters():
                weight -= 0.1 * weight.grad
    return module


def spread(weight):
    """How far apart the units are: the largest difference between the weights of two of them."""
    return (weight.max(0).values - weight.min(0).values).max().item()


def test_what_is_said_of_equal_weights_is_so():
    """Equal ones after them leave units equal, others part them; zeros behind a ReLU learn nothing at all."""
    ones = Dense(5, "tanh", kernel_initializer="ones")
    assert spread(trained(ones, Dense(3, kernel_initializer="ones")).dense.weight) < 1e-6
    assert spread(trained(ones, Dense(3)).dense.weight) > 1e-3
    assert trained(equal(5, "relu"), Dense(3)).dense.weight.abs().max() == 0
    assert spread(trained(Dense(5, "tanh"), equal(3, None)).dense_1.weight) > 1e-3, "the last may start equal"


def test_an_initializer_that_cannot_fill_its_weight_is_an_error_and_its_fix_puts_it_right():
    layer = Conv2D(4, 3, activation="relu", kernel_initializer="identity")
    network = head(layer, Flatten(), Dense(3), shape=(8, 8, 4))
    (found,) = check_layers(network)
    assert (found.fault, found.where, found.severity) == ("initializer-does-not-fit", "conv2d", "error")
    assert found.evidence == "4 axes given, 2 needed: (outputs, inputs)"
    with pytest.raises(DeclarationError, match="Identity cannot fill a weight of shape"):
        refuse([found])
    assert check_layers(head(replace(layer, kernel_initializer="dirac"), Flatten(), Dense(3), shape=(8, 8, 4))) == []


def test_no_weights_are_made_to_look_at_how_they_start(monkeypatch):
    sizes, sample = [], GlorotUniform.sample
    monkeypatch.setattr(
        GlorotUniform, "sample", lambda self, shape, rng: sizes.append(shape) or sample(self, shape, rng)
    )
    check(head(Conv2D(512, 3, activation="relu"), Flatten(), Dense(4096, "relu"), Dense(3), shape=(64, 64, 256)))
    assert sizes == [(2, 2, 2, 2), (2, 2)]


def test_layers_that_hold_their_own_activations_and_biases_of_two_axes_are_as_they_should_be():
    reading = (layers.LSTM(4, return_sequences=True), layers.Bidirectional(layers.GRU(4, return_sequences=True)))
    network = head(*reading, layers.TimeDistributed(Dense(3, "relu")), layers.GRU(3), Dense(2), shape=(5, 2))
    assert check_layers(network) == []
    x = layers.Embedding(9, 4)(Input((5,)))
    attended = layers.MultiHeadAttention(2, 3)([x, x])
    assert check_layers(Network.functional(x.inputs, Dense(3)(attended))) == []


def test_kernels_of_recurrent_layers_that_start_equal_are_reported():
    found = check_layers(head(layers.GRU(4, recurrent_initializer="zeros"), Dense(2), shape=(5, 2)))
    assert [(each.fault, each.evidence) for each in found] == [
        ("weights-start-equal", "Zeros() for all 48 numbers of recurrent_weight")
    ]


def test_two_products_without_an_activation_between_them_are_reported():
    assert faults(check_layers(head(Dense(5), Dense(3)))) == ["linear-after-linear"]
    network = head(Conv2D(5, 3), Dropout(0.5), layers.AveragePooling2D(2), Flatten(), Dense(3), shape=(8, 8, 1))
    (found,) = check_layers(network)
    assert (found.where, found.fix.split(";")[0]) == ("dense", 'activation="relu" on conv2d')


@pytest.mark.parametrize("between", [[ReLU()], [Activation("tanh")], [Dropout(0.5), ReLU(), Dropout(0.5)]])
def test_an_activation_anywhere_between_them_is_enough(between):
    assert check_layers(head(Dense(5), *between, Dense(3))) == []


def test_max_pooling_is_not_linear():
    assert check_layers(head(Conv2D(5, 3), MaxPooling2D(2), Flatten(), Dense(3), shape=(8, 8, 1))) == []


def test_a_bias_before_batch_normalisation_is_reported_once_for_all():
    block = [Conv2D(4, 3), BatchNormalization(), ReLU()]
    again = [Conv2D(4, 3), BatchNormalization(), ReLU()]
    (found,) = check_layers(head(*block, *again, shape=(9, 9, 1)))
    assert (found.fault, found.where) == ("bias-before-batch-norm", "conv2d, conv2d_1")
    assert found.evidence.endswith("8 numbers")
    without = [replace(layer, use_bias=False) if isinstance(layer, Conv2D) else layer for layer in (*block, *again)]
    assert check_layers(head(*without, shape=(9, 9, 1))) == []


def test_a_bias_that_also_goes_elsewhere_or_through_an_activation_is_needed():
    assert check_layers(head(Dense(4, "relu"), BatchNormalization())) == []
    x = Input((4,))
    scores = Dense(4)(x)
    assert check_layers(Network.functional(x, [BatchNormalization()(scores), ReLU()(scores)])) == []


def test_a_dense_layer_that_dwarfs_the_network_is_reported():
    large = head(Conv2D(512, 3, activation="relu"), Flatten(), Dense(4096), shape=(9, 9, 256))
    (found,) = check_layers(large)
    assert (found.fault, found.where) == ("dense-holds-most-weights", "dense")
    assert found.evidence == "102,764,544 of 103,944,704 weights: 7x7 positions of 512 channels for 4096 units"
    assert found.fix == "global average pooling instead of Flatten: 2,101,248 weights"
    pooled = head(Conv2D(512, 3, activation="relu"), GlobalAveragePooling2D(), Dense(4096), shape=(9, 9, 256))
    assert check_layers(pooled) == []


def test_a_large_dense_layer_that_takes_no_map_is_not():
    assert check_layers(head(Dense(60_000), shape=(1000,))) == []


def test_a_sound_network_has_no_findings():
    network = head(
        Conv2D(20, 5, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(100, "relu"),
        Dropout(0.5),
        Dense(10, "softmax"),
        shape=(28, 28, 1),
    )
    assert check(network, "sparse_categorical_crossentropy", classes=10, strict=True, labels=()).findings == ()


def steps_of_a_check(blocks):
    """How many steps Python takes to declare and check a chain of so many blocks."""
    block = [lambda: Conv2D(4, 3, padding="same"), BatchNormalization, ReLU]
    chain = [layer() for _ in range(blocks) for layer in block]
    steps = 0

    def trace(frame, event, _argument):
        nonlocal steps
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        check(Network.sequential(chain, (8, 8, 3)))
    finally:
        sys.settrace(before)
    return steps


def test_the_work_of_a_check_grows_as_the_layers_do_and_not_faster():
    steps_of_a_check(1)  # what is done once is done
    few, twice, four = (steps_of_a_check(blocks) for blocks in (5, 10, 20))
    assert four - twice <= 1.01 * 2 * (twice - few)
