"""Where the lectures are wrong, striate is right: a test for each fault, by its number in docs/lectures.md.

A docstring begins with the number, then the lecture and line. Faults of wording alone have nothing to test; the page
says which they are, and a test of the page holds the two together.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

import striate
from striate import textbook
from striate.build import build
from striate.check import Table
from striate.errors import ArgumentError, StriateError
from striate.layers import (
    Add,
    ClassicDropout,
    Conv2D,
    Dense,
    Dropout,
    FixedFilter2D,
    Flatten,
    FlippedConv2D,
    Input,
    Layer,
    LeakyReLU,
    MaxPooling2D,
    Multiply,
    PReLU,
    Ramp,
    ReLU,
    Sigmoid,
    Softmax,
    Subsampling2D,
)
from striate.loader import ten_crop
from striate.losses import BinaryCrossentropy, MaxMargin, MeanSquaredError
from striate.network import Network
from striate.optimizers import SGD, Adagrad, Adam, Optimizer, RAdam, RMSprop
from striate.shape import to_border, to_inside

NOTHING = 1e-300
"""An epsilon that no sum here can tell from 0."""


def table(*chain: Layer, shape: tuple[int, ...]) -> Table:
    return Table.of(Network.sequential(chain, shape))


def steps(optimizer: Optimizer, *gradients: float) -> list[float]:
    """How far a weight moves at each step."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    built = optimizer.build([weight], optimizer.base_rate)
    places = [0.0]
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        built.step()
        places.append(weight.item())
    return [after - before for before, after in pairwise(places)]


def of(layer: Layer, *values: float, training: bool = False) -> list[float]:
    """What a layer makes of a vector."""
    module = layer.build((len(values),)).double().train(training)
    return module(torch.tensor([values], dtype=torch.float64))[0].tolist()


def slopes(layer: Layer, *values: float) -> list[float]:
    """The derivative of a layer that works number by number."""
    x = torch.tensor([values], dtype=torch.float64, requires_grad=True)
    layer.build((len(values),))(x).sum().backward()
    assert x.grad is not None
    return x.grad[0].tolist()


def map_of(layer: Layer, rows: Any, kernel: Any) -> Any:
    """What a layer makes of one map of one channel, with this kernel."""
    image = torch.tensor(rows, dtype=torch.float64)[None, :, :, None]
    module = layer.build(tuple(image.shape[1:])).double()
    module.get_parameter("weight").data[:] = torch.tensor(kernel)
    return to_border(module(to_inside(image)))[0, :, :, 0].tolist()


# Lecture 000


def test_the_stride_is_2_and_lenet5_has_6_maps():
    """1: 000 L57 "a stride length of 22", L92 "66 feature maps": each digit stands twice; 001 L759 has 6."""
    assert Conv2D(6, 5, strides=2).output((28, 28, 1)) == (12, 12, 6)
    assert table(Conv2D(6, 5), shape=(32, 32, 1)).params == 156
    assert striate.zoo.LeNet5().get_layer("C1").filters == 6


def test_a_batch_of_the_same_samples_twice_moves_as_far_as_the_batch():
    """2: 000 L360-366 adds the costs of a batch, L325-339 averages them; by the sum this step would be twice as long."""
    x, y = np.array([[1.0], [2.0]], np.float32), np.array([[3.0], [1.0]], np.float32)
    moved = []
    for times in (1, 2):
        model = striate.Sequential([Dense(1, input_shape=(1,), kernel_initializer="zeros")], seed=0)
        model.compile(SGD(0.1), "mse")
        model.train_on_batch(np.tile(x, (times, 1)), np.tile(y, (times, 1)))
        moved.append([weight.tolist() for weight in model.get_weights()])
    # dE/dw = mean of -2*x*y = -(3 + 2), dE/db = -(3 + 1)
    assert moved[0] == [[[pytest.approx(0.5)]], [pytest.approx(0.4)]]
    assert moved[1] == moved[0]


def test_adagrad_stands_still_where_there_was_never_a_gradient():
    """3: 000 L430 has no epsilon: 0/0 for a first gradient of 0."""
    assert steps(Adagrad(1.0), 0.0, 0.0) == [0, 0]
    assert textbook.Adagrad(1.0).update(np.zeros(1), np.zeros(1)).tolist() == [0]


def test_dropout_makes_up_for_the_share_that_was_kept():
    """4: 000 L192, 003 L603 halve the weights: right where half are kept. Of a rate of 0.2 it is 0.8 (not 0.2)."""
    assert of(Dropout(0.2), 1.0, 2.0) == [1, 2]
    torch.manual_seed(0)
    found = of(Dropout(0.2), *[1.0] * 1000, training=True)
    assert set(np.round(found, 12)) == {0, 1 / 0.8}


def test_classic_dropout_shrinks_by_the_share_that_was_kept():
    """4: as above, with the mask in training and the factor in prediction, as the lectures have it."""
    layer = ClassicDropout(0.2)
    assert of(layer, 1.0, 2.0) == pytest.approx([0.8, 1.6])
    assert set(of(layer, *[1.0] * 1000, training=True)) == {0, 1}


# Lecture 001


def test_the_net_of_two_layers_has_20_weights_and_that_of_three_has_32():
    """5: 001 L160-175 has the captions the other way round, and leaves the biases out: with them it is 26 and 41."""
    for units, weights, biases in (((4, 2), 20, 6), ((4, 4, 1), 32, 9)):
        bare = table(*(Dense(each, use_bias=False) for each in units), shape=(3,))
        full = table(*(Dense(each) for each in units), shape=(3,))
        assert (len(bare.rows), bare.params, full.params) == (len(units), weights, weights + biases)


def test_a_leaky_relu_bends_down_whatever_its_slope_and_learns_none():
    """6: 001 L687 max(a*x, x) is x itself for negative x where a > 1; L692 "also called PReLU": that one learns a."""
    assert of(LeakyReLU(negative_slope=2.0), -1.0, 1.0) == [-2, 1]
    assert LeakyReLU().weights((4,)) == {}
    assert [weight.trainable for weight in PReLU().weights((4,)).values()] == [True]


def test_a_5x5_map_convolved_in_steps_is_a_3x3_map():
    """7: 001 L354-396 (text made from the pictures): "a 1x1 feature map", multipliers 2 and D; 002 L735 is right."""
    stairs = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    cross = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert map_of(Conv2D(1, 3, use_bias=False), stairs, cross) == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


def test_the_argument_is_called_strides():
    """8: 001 L527 stride=1; that the two pieces of code do not parse is shown in test_lectures_code.py."""
    with pytest.raises(ArgumentError) as caught:
        Conv2D(6, (5, 5), stride=1)  # ty: ignore[unknown-argument]
    assert caught.value.fix == "did you mean 'strides'?"


@pytest.mark.parametrize(("side", "kernel", "stride", "padding", "out"), [(8, 5, 2, 1, 3), (7, 3, 2, 1, 4)])
def test_the_size_of_a_map_counts_both_paddings_and_is_rounded_down(side, kernel, stride, padding, out):
    """9: 001 L565, 002 L764 have (N - f)/s + 1; it is floor((N - f + 2P)/s) + 1."""
    assert out == math.floor((side - kernel + 2 * padding) / stride) + 1
    layer = Conv2D(1, kernel, strides=stride, padding=padding)
    assert layer.output((side, side, 1)) == (out, out, 1)


def test_lenet5_samples_down_by_weights_it_learns_and_has_a_layer_after_f6():
    """10: 001 L764-766 "avg. pooling", "one fully connected layer": S2 has a factor and a bias a map, F6 an output."""
    assert table(Subsampling2D(), shape=(28, 28, 6)).params == 12
    assert [row.params for row in table(Dense(84), Dense(10), shape=(120,)).rows] == [10_164, 850]


def test_the_slopes_of_x_plus_y_times_z():
    """11: 001 L930 begins its second chain rule with df/dy and multiplies by dx/dy; L916 has x=-2, y=5, z=-4."""
    x, y, z = (Input((1,)) for _ in range(3))
    module = build(Network.functional([x, y, z], Multiply()([Add()([x, y]), z])))
    at = [torch.tensor([[value]], requires_grad=True) for value in (-2.0, 5.0, -4.0)]
    f = module(*at)
    assert f.item() == -12
    assert [slope.item() for slope in torch.autograd.grad(f, at)] == [-4, -4, 3]


@pytest.mark.parametrize("gradient", [0.3, -7.0])
def test_rmsprop_goes_downhill(gradient):
    """12: 001 L994 adds the step to the weight."""
    (move,) = steps(RMSprop(0.1, rho=0.75, epsilon=NOTHING), gradient)
    assert move == pytest.approx(-0.1 * math.copysign(2, gradient))


@pytest.mark.parametrize("gradient", [0.3, -7.0])
def test_adam_goes_downhill_by_its_rate(gradient):
    """13: 001 L996-1000 takes the gradient off the mean and the mean off the weight, and corrects no bias."""
    assert steps(Adam(0.1, epsilon=NOTHING), gradient) == pytest.approx([-0.1 * math.copysign(1, gradient)])


def test_shuffling_keeps_a_sample_with_its_label():
    """14: 001 L1004 pairs x(i) with y(j): no line could be learned from that."""
    x = np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    model = striate.Sequential([Dense(1, input_shape=(1,))], seed=0)
    model.compile(SGD(0.2), "mse")
    model.fit(x, 3 * x, batch_size=8, epochs=20, verbose=0)
    assert model.evaluate(x, 3 * x, verbose=0) < 1e-3


def test_adagrad_takes_its_gradient_where_the_weight_is():
    """14: 001 L1013 takes it at a point ahead, which belongs to Nesterov. On w*w/2 from 1: 1 - 0.1, then sqrt(1 + .81)."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    built = Adagrad(0.1, epsilon=NOTHING).build([weight], 0.1)
    for expected in (0.9, 0.9 - 0.1 * 0.9 / math.sqrt(1.81)):
        built.zero_grad()
        (weight**2 / 2).sum().backward()
        built.step()
        assert weight.item() == pytest.approx(expected)


def test_rmsprop_and_adam_forget():
    """15: 001 L1086, L1095 r <- r + g*g is Adagrad's; of gradients 1 and 0 the running mean keeps rho."""
    assert steps(RMSprop(1.0, rho=0.5, epsilon=NOTHING), 1.0, 0.0, 1.0)[2] == pytest.approx(-1 / math.sqrt(0.625))
    assert steps(Adagrad(1.0, epsilon=NOTHING), 1.0, 0.0, 1.0)[2] == pytest.approx(-1 / math.sqrt(2))
    moves = steps(Adam(1.0, beta_1=0.0, beta_2=0.5, epsilon=NOTHING), 1.0, 1.0)
    assert moves == pytest.approx([-1, -1]), "a sum would make the second step shorter"


@pytest.mark.parametrize("optimizer", [RMSprop, Adagrad])
def test_epsilon_stands_outside_the_root_or_inside(optimizer):
    """16: 001 L1013, L1080 have delta + sqrt(r), L1016, L1088 sqrt(delta + r); both can be had."""
    past = {"rho": 0.0} if optimizer is RMSprop else {}
    outside, inside = (
        steps(optimizer(1.0, epsilon=5.0, epsilon_placement=placement, **past), 2.0)[0]
        for placement in ("torch", "keras")
    )
    assert outside == pytest.approx(-2 / (2 + 5))
    assert inside == pytest.approx(-2 / math.sqrt(4 + 5))


def test_rectified_adam_holds_back_the_division_not_the_momentum():
    """17: 001 L1032 "Rectifier Adam", "adaptive momentum": until its fifth step it does not divide; momentum acts."""
    moves = steps(RAdam(0.1), 2.0, 2.0, 2.0, 2.0, 2.0)
    assert moves[:4] == pytest.approx([-0.2] * 4)
    assert abs(moves[4]) < 0.1


def test_ten_crops_are_five_and_their_mirror_images():
    """18: 001 L1295 "10 patches (4 corner and 1 center)" are five."""
    images = np.arange(25).reshape(1, 5, 5, 1)
    crops = ten_crop(images, 3)[0, ..., 0]
    assert [crop[0, 0] for crop in crops[:5]] == [0, 2, 10, 12, 6]
    assert (crops[5:] == crops[:5, :, ::-1]).all()


@pytest.mark.parametrize(
    ("name", "train", "test"), [("CIFAR10", 50_000, 10_000), ("CIFAR100", 50_000, 10_000), ("MNIST", 60_000, 10_000)]
)
def test_the_sizes_of_the_data_sets(name, train, test):
    """19: 001 L1369, L1382 "6 K", "60K": CIFAR has 50,000 to train and 10,000 to test (Krizhevsky 2009, chapter 3)."""
    said = striate.datasets.__dict__[name].__doc__
    assert f"{train + test:,}" in said
    assert f"x ({train}," in said
    assert f"test {test:,}" in said


# Lecture 002


def test_a_gradient_adds_up_over_all_paths():
    """20: 002 L302 "the unique path from L to v": here are two, 3 and 4; and one of them twice: x*x has 2x."""
    x = Input((1,))
    three, four = (Dense(1, use_bias=False, kernel_initializer="ones")(x) for _ in range(2))
    module = build(Network.functional(x, Add()([three, four, Multiply()([x, x])])))
    first, second = module.parameters()
    first.data[:], second.data[:] = 3, 4
    at = torch.tensor([[5.0]], requires_grad=True)
    assert torch.autograd.grad(module(at), at)[0].item() == 3 + 4 + 2 * 5


def test_one_output_of_sigmoid_is_0_73_and_its_gradient_has_the_sign_of_the_error():
    """21: 002 L322 says softmax, which of one output is 1; L341 has the norm of the error: never below 0."""
    assert of(Sigmoid(), 1.0)[0] == pytest.approx(0.73106, abs=1e-5)
    assert of(Softmax(), 1.0) == [1]
    score = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    MeanSquaredError().values(torch.sigmoid(score), torch.tensor([[1.0]])).sum().backward()
    assert score.grad is not None
    assert 0.1 * score.grad.item() == pytest.approx(-0.010575, abs=1e-6)


def test_the_factors_of_backpropagation_stand_in_an_order_that_fits():
    """22: 002 L227-232; dE/dW = delta x^T (L290), delta_m = (W_{m+1}^T delta_{m+1}) * f'(z_m), each of its own size."""
    draw = np.random.default_rng(0)
    w1, w2, w3 = (draw.standard_normal(shape) for shape in ((4, 2), (3, 4), (1, 3)))
    x, y = draw.standard_normal((1, 2)), 1.0
    z1 = w1 @ x[0]
    z2 = w2 @ textbook.sigmoid(z1)
    a1, a2 = textbook.sigmoid(z1), textbook.sigmoid(z2)
    d3 = w3 @ a2 - y
    d2 = (w3.T @ d3) * a2 * (1 - a2)
    d1 = (w2.T @ d2) * a1 * (1 - a1)
    network = Network.sequential(
        [Dense(4, "sigmoid", use_bias=False), Dense(3, "sigmoid", use_bias=False), Dense(1, use_bias=False)], (2,)
    )
    module = build(network).double()
    for parameter, weight in zip(module.parameters(), (w1, w2, w3), strict=True):
        parameter.data[:] = torch.tensor(weight)
    (0.5 * (module(torch.tensor(x)) - y) ** 2).sum().backward()
    expected = (np.outer(d1, x[0]), np.outer(d2, a1), np.outer(d3, a2))
    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, atol=1e-12)


def test_mnist_has_28x28_pixels():
    """23: 002 L381 "32 x 32": that is what LeNet-5 pads them to."""
    assert "(60000, 28, 28, 1)" in striate.datasets.MNIST.__doc__
    assert Conv2D(6, 5, padding=2).output((28, 28, 1)) == Conv2D(6, 5).output((32, 32, 1))


@pytest.mark.parametrize("kernel", ["blur", "gaussian_blur"])
def test_smoothing_does_not_brighten(kernel):
    """24: 002 L452-466: the kernels are not divided by their sums, 9 and 8."""
    layer = FixedFilter2D(kernel, input_shape=(5, 5, 1))
    image = np.full((1, 5, 5, 1), 0.5, np.float32)
    assert striate.Sequential([layer]).predict(image, verbose=0) == pytest.approx(np.full((1, 3, 3, 1), 0.5))


def test_ramp_is_not_relu():
    """26: 002 L714 calls max(0, x) a ramp, 003 L296 the clipped line."""
    assert of(ReLU(), -3.0, 0.5, 3.0) == [0, 0.5, 3]
    assert of(Ramp(), -3.0, 0.5, 3.0) == [-1, 0.5, 1]


# Lecture 003


@pytest.mark.parametrize(("said", "truth"), [(0.9, 1), (0.9, 0), (0.2, 1)])
def test_binary_cross_entropy_is_made_small_by_being_right(said, truth):
    """27: 003 L80 leaves the minus out: one would have to make it large."""
    found = BinaryCrossentropy().values(torch.tensor([[said]]), torch.tensor([[truth]])).item()
    assert found == pytest.approx(-math.log(said if truth else 1 - said), rel=1e-5)


@pytest.mark.parametrize("name", ["BinaryCrossEntropy", "CategoricalCrossEntropy"])
def test_names_as_printed_are_told_what_they_are_called(name):
    """28: 003 L92, L120, L135; `Model.compile` and the classes are in test_lectures_code.py."""
    with pytest.raises(AttributeError) as caught:
        getattr(striate.losses, name)
    assert isinstance(caught.value, StriateError)
    assert caught.value.fix == f"did you mean {name.replace('Entropy', 'entropy')!r}?"


def test_a_sparse_metric_counts_class_numbers():
    """29: 003 L149 beside the one-hot labels of L102. Here each goes with its loss, and "accuracy" with both."""
    x, classes = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32), np.arange(30) % 3
    one_hot, found = striate.utils.to_categorical(classes, 3), []
    for loss, metric, labels in (
        ("sparse_categorical_crossentropy", "sparse_categorical_accuracy", classes),
        ("categorical_crossentropy", "categorical_accuracy", one_hot),
        ("categorical_crossentropy", "accuracy", one_hot),
    ):
        model = striate.Sequential([Dense(3, "softmax", input_shape=(4,))], seed=0)
        model.compile("sgd", loss, metrics=[metric])
        found.append(model.evaluate(x, labels, return_dict=True, verbose=0)[metric])
    assert found == [found[0]] * 3
    model.compile("sgd", "categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    with pytest.raises(StriateError) as caught:
        model.fit(x, one_hot, verbose=0)
    assert "takes labels that are class numbers" in caught.value.what
    assert 'metrics=["accuracy"]' in caught.value.fix


def test_the_gradient_of_a_weight_is_of_the_size_of_the_weight():
    """30: 003 L267 has x dE/dv: it is dE/dy, and x dE/dy of rows is W transposed."""
    brick, w = textbook.Dense(), np.arange(6.0).reshape(2, 3)
    x, dy = np.array([[1.0, 2.0, 3.0]]), np.array([[5.0, 7.0]])
    brick.forward(x, {"weight": w, "bias": np.zeros(2)})
    dx, gradients = brick.backward(dy)
    assert dx.tolist() == (dy @ w).tolist()
    assert gradients["weight"].tolist() == [[5, 10, 15], [7, 14, 21]]


def test_max_margin_passes_on_a_gradient_where_its_own_loss_is_above_0():
    """31: 003 L249 asks for E > 0, the sum of all that follows: if that is -3y, below 0, the slope is -3 all the same."""
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    y = MaxMargin().values(x, torch.tensor([0])).sum()
    assert y.item() == 2
    (-3 * y).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[3, -3]]


def test_ramp_is_the_line_between_minus_1_and_1():
    """32: 003 L296 min(-1, max(1, x)) is -1 for every x; its rule for the gradient is right."""
    ramp = Ramp()
    assert of(ramp, -2.0, -0.5, 0.0, 0.5, 2.0) == [-1, -0.5, 0, 0.5, 1]
    assert slopes(ramp, -2.0, -0.5, 0.5, 2.0) == [0, 1, 1, 0]


def test_the_slope_of_relu_at_0_is_0_and_that_of_the_leaky_one_is_0_01_or_what_is_said():
    """33: 003 L442-446 leaves x = 0 open; 001 L136 leaks 0.1, 003 L452 0.01."""
    assert slopes(ReLU(), -1.0, 0.0, 1.0) == [0, 0, 1]
    assert of(LeakyReLU(), -1.0) == pytest.approx([-0.01])
    assert of(LeakyReLU(negative_slope=0.1), -1.0) == pytest.approx([-0.1])


# Lecture 004


FIVE = [[1, 2, 0, 3, 1], [1, 0, 0, 2, 2], [2, 1, 2, 1, 1], [0, 0, 1, 0, 0], [1, 2, 1, 1, 1]]
KERNEL = [[-1, 1, 2], [1, 1, 0], [-1, -2, 0]]


def test_the_first_pixel_of_a_map_is_used_and_the_map_shrinks():
    """34: 004 L208 has N x M outputs, which only padding gives, and sums I(n+i) from i = 1: pixel (0, 0) is never seen."""
    lone = np.zeros((5, 5))
    lone[0, 0] = 1
    found = map_of(Conv2D(1, 3, use_bias=False), lone.tolist(), KERNEL)
    assert found == [[-1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert Conv2D(1, (2, 3)).output((5, 7, 3)) == (4, 5, 1)
    assert Conv2D(1, (2, 3), padding="same").output((5, 7, 3)) == (5, 7, 1)


def test_stride_steps_over_the_image_and_dilation_over_the_kernel():
    """35: 004 L303 I(n + i*s, m + j*s) is dilation; stride is I(n*s + i, m*s + j)."""
    assert map_of(Conv2D(1, 3, strides=2, use_bias=False), FIVE, KERNEL) == [[-2, 3], [-2, -1]]
    assert map_of(Conv2D(1, 3, dilation_rate=2, use_bias=False), FIVE, KERNEL) == [[2]]


def test_networks_lay_the_kernel_on_as_it_is_and_mathematics_turns_it_round():
    """36: 004 L127-135; on the Sobel patch of 002 L446 that is 2 and -2."""
    patch, sobel = [[3, 2, 1], [1, 2, 3], [1, 1, 1]], [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert map_of(Conv2D(1, 3, use_bias=False), patch, sobel) == [[2]]
    assert map_of(FlippedConv2D(1, 3, use_bias=False), patch, sobel) == [[-2]]


def test_pooling_saves_weights_of_dense_layers_only():
    """37: 004 L363 "reduces ... the number of parameters"; a convolution after it has as many as before."""

    def params(*between: Layer) -> list[int]:
        chain = (Conv2D(2, 3), *between, Conv2D(3, 3), Flatten(), Dense(10))
        return [row.params for row in table(*chain, shape=(14, 14, 1)).rows if row.params]

    assert params() == [20, 57, 3 * 10 * 10 * 10 + 10]
    assert params(MaxPooling2D(2)) == [20, 57, 3 * 4 * 4 * 10 + 10]
