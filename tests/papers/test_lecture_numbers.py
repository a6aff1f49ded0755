"""Every number that the lectures and the papers state of a brick or network, where these bricks can express it.

A test's docstring says where its number stands: lecture and line, or paper. Where a lecture is wrong the right number
stands here, and the docstring says so.
"""

from collections.abc import Sequence

import pytest
import torch

from striate.build import build
from striate.callbacks import HalveAndGoBack
from striate.check import Table, check, refuse
from striate.errors import DeclarationError
from striate.layers import (
    Add,
    AveragePooling2D,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    L2Pooling2D,
    Layer,
    MaxPooling2D,
    Multiply,
    ReLU,
    Sigmoid,
)
from striate.losses import MeanSquaredError, QuadraticCost
from striate.network import Network
from striate.optimizers import Adagrad, Adam
from striate.schedules import StepDecay
from striate.shape import to_border, to_inside

# Counts, from the declaration alone


def table(*chain: Layer, shape: tuple[int, ...]) -> Table:
    """The table of a chain."""
    return Table.of(Network.sequential(chain, shape))


def outputs(*chain: Layer, shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """What each layer of a chain gives."""
    return [row.output for row in table(*chain, shape=shape).rows]


def test_a_5x5_field_moves_over_28x28_pixels_to_24x24_places_and_pooling_leaves_12x12():
    """000 L54, L133."""
    assert outputs(Conv2D(1, 5), MaxPooling2D(2), shape=(28, 28, 1)) == [(24, 24, 1), (12, 12, 1)]


def test_a_5x5_field_can_be_moved_23_pixels():
    """000 L55."""
    assert outputs(Conv2D(1, 5), shape=(28, 28, 1))[0][0] - 1 == 23


def test_a_feature_map_has_26_parameters_and_20_have_520():
    """000 L114-116."""
    assert table(Conv2D(1, 5), shape=(28, 28, 1)).params == 26
    assert table(Conv2D(20, 5), shape=(28, 28, 1)).params == 520


def test_a_dense_first_layer_has_23550_which_is_more_than_40_times_as_many():
    """000 L117; the ratio is 45.29."""
    dense = table(Flatten(), Dense(30), shape=(28, 28, 1)).params
    assert dense == 23_550
    assert round(dense / 520, 2) == 45.29


def test_an_mnist_image_has_784_input_neurons():
    """000 L10."""
    assert outputs(Flatten(), shape=(28, 28, 1)) == [(784,)]


@pytest.mark.parametrize(
    ("units", "weights", "with_biases"), [((4, 2), 20, 26), ((4, 4, 1), 32, 41)], ids=["3-4-2", "3-4-4-1"]
)
def test_small_dense_nets_have_as_many_operations_as_weights(units, weights, with_biases):
    """001 L160-169, where the biases are left out and the two pictures' captions are swapped."""
    bare = table(*(Dense(each, "relu", use_bias=False) for each in units), shape=(3,))
    assert (bare.params, bare.macs) == (weights, weights)
    full = table(*(Dense(each, "relu") for each in units), shape=(3,))
    assert (full.params, full.macs) == (with_biases, weights)


def test_a_million_hidden_nodes_on_a_megapixel_need_a_million_million_weights():
    """001 L243-247; nothing is allocated to say so."""
    assert table(Flatten(), Dense(1_000_000, use_bias=False), shape=(1000, 1000, 1)).params == 10**12


def test_one_dense_layer_from_200x200_colour_pixels_to_as_many_would_have_14_400_000_000_weights():
    """002 L382-383."""
    assert table(Flatten(), Dense(120_000, use_bias=False), shape=(200, 200, 3)).params == 14_400_000_000


def test_a_4x4_filter_has_16_weights_and_stride_2_halves_the_map():
    """001 L283-285."""
    (row,) = table(Conv2D(1, 4, strides=2, use_bias=False), shape=(16, 16, 1)).rows
    assert (row.params, row.output) == (16, (7, 7, 1))


def test_six_nodes_fully_connected_to_six_have_36_weights_and_see_all_six():
    """001 L326-331."""
    row = table(Flatten(), Dense(6, use_bias=False), shape=(6, 1)).rows[-1]
    assert (row.params, row.macs, row.receptive_field) == (36, 36, (6,))


def test_six_nodes_convolved_have_3_weights_18_operations_and_see_three():
    """001 L333-345; padded taps count, as they do in the lecture (16 of the 18 meet a node)."""

    def layer() -> Layer:
        return Conv1D(1, 3, padding="same", use_bias=False)

    one, two = table(layer(), shape=(6, 1)), table(layer(), layer(), shape=(6, 1))
    assert (one.params, one.macs, one.receptive_field) == (3, 18, (3,))
    assert (two.params, two.macs, two.receptive_field) == (6, 36, (5,))


def test_32x32_becomes_28x28_and_stays_32x32_if_padded_to_36x36():
    """001 L485-491."""
    assert outputs(Conv2D(1, 5), shape=(32, 32, 1)) == [(28, 28, 1)]
    assert outputs(Conv2D(1, 5), shape=(36, 36, 1)) == [(32, 32, 1)]
    assert outputs(Conv2D(1, 5, padding=2), shape=(32, 32, 1)) == [(32, 32, 1)]


@pytest.mark.parametrize(("channels", "maps", "side", "kernel"), [(3, 6, 32, 5), (1, 20, 28, 5), (7, 11, 13, 3)])
def test_the_quiz_on_parameters_and_operations_has_its_answer(channels, maps, side, kernel):
    """001 L538: M*(R*R*C + 1) parameters, E*E*R*R*C*M multiply-accumulates."""
    found = table(Conv2D(maps, kernel), shape=(side, side, channels))
    edge = side - kernel + 1
    assert found.params == maps * (kernel * kernel * channels + 1)
    assert found.macs == edge * edge * kernel * kernel * channels * maps


def test_six_filters_of_5x5x3_on_32x32_have_456_parameters_and_352800_operations():
    """001 L497-538."""
    found = table(Conv2D(6, 5), shape=(32, 32, 3))
    assert (found.params, found.macs) == (456, 352_800)


def test_two_5x5_convolutions_see_9x9():
    """001 L547."""
    assert table(Conv2D(1, 5), ReLU(), Conv2D(1, 5), ReLU(), shape=(32, 32, 1)).receptive_field == (9, 9)


def test_a_colour_image_of_32x32_stretches_to_3072():
    """001 L808."""
    assert outputs(Flatten(), shape=(32, 32, 3)) == [(3072,)]


def test_a_5x5_kernel_on_three_channels_has_75_weights():
    """002 L637."""
    assert table(Conv2D(1, 5, use_bias=False), shape=(32, 32, 3)).params == 75


def test_ten_kernels_give_depth_10_and_six_give_28x28x6():
    """002 L645, L706."""
    assert outputs(Conv2D(10, 5), shape=(32, 32, 3))[0][-1] == 10
    assert outputs(Conv2D(6, 5), shape=(32, 32, 3)) == [(28, 28, 6)]


@pytest.mark.parametrize(("stride", "side"), [(1, 5), (2, 3)])
def test_3x3_filters_fit_7x7_with_stride_1_and_2(stride, side):
    """002 L758-770."""
    network = Network.sequential([Conv2D(1, 3, strides=stride)], (7, 7, 1))
    found = check(network, strict=True)
    assert (found.rows[0].output, found.findings) == ((side, side, 1), ())


def test_3x3_filters_do_not_fit_7x7_with_stride_3():
    """002 L744-772: (7 - 3) / 3 + 1 = 2.33."""
    network = Network.sequential([Conv2D(1, 3, strides=3)], (7, 7, 1))
    (found,) = check(network).findings
    assert found.fault == "window-does-not-tile"
    assert "/ 3 + 1 = 2.333" in found.evidence
    with pytest.raises(DeclarationError, match="does not tile its 7x7 map"):
        refuse(check(network, strict=True).findings)


@pytest.mark.parametrize(("kernel", "pad"), [(3, 1), (5, 2), (7, 3)])
def test_padding_of_half_the_filter_keeps_the_size(kernel, pad):
    """002 L780-798."""
    assert pad == (kernel - 1) // 2
    for padding in (pad, "same"):
        assert outputs(Conv2D(1, kernel, padding=padding), shape=(7, 7, 1)) == [(7, 7, 1)]


def test_ten_5x5_filters_with_padding_2_on_32x32x3():
    """002 L800-811: 32x32x10; 760 parameters, 768,000 multiply-accumulates."""
    (row,) = table(Conv2D(10, 5, padding=2), shape=(32, 32, 3)).rows
    assert (row.output, row.params, row.macs) == ((32, 32, 10), 760, 768_000)


def test_2x2_pooling_drops_three_quarters():
    """004 L365."""
    network = Network.sequential([MaxPooling2D(2)], (24, 24, 20))
    before, after = 24 * 24 * 20, Table.of(network).bytes // 4
    assert 1 - after / before == 0.75


# Published networks


def lenet5(last: Layer) -> list[Layer]:
    return [
        Conv2D(6, 5, activation="tanh"),
        AveragePooling2D(2),
        Conv2D(16, 5, activation="tanh"),
        AveragePooling2D(2),
        *([Flatten(), last] if isinstance(last, Dense) else [last, Flatten()]),
        Dense(84, "tanh"),
        Dense(10, "softmax"),
    ]


@pytest.mark.parametrize(
    ("last", "field"), [(Conv2D(120, 5, activation="tanh"), 32), (Dense(120, "tanh"), 16)], ids=["conv", "dense"]
)
def test_lenet5_with_every_map_of_s2_in_every_map_of_c3(last, field):
    """001 L759-766, 004 L421: 61,706 weights, 416,520 multiply-accumulates; C5 sees all 32x32 however it is written."""
    found = table(*lenet5(last), shape=(32, 32, 1))
    assert (found.params, found.macs, found.receptive_field) == (61_706, 416_520, (field, field))
    assert next(row for row in found.rows if row.output[-1] == 120).receptive_field == (32, 32)


def alexnet(first: Layer, maps: tuple[int, int, int, int], groups: int) -> list[Layer]:
    second, third, fourth, fifth = maps
    return [
        first,
        MaxPooling2D(3, strides=2),
        Conv2D(second, 5, padding=2, groups=groups, activation="relu"),
        MaxPooling2D(3, strides=2),
        Conv2D(third, 3, padding=1, activation="relu"),
        Conv2D(fourth, 3, padding=1, groups=groups, activation="relu"),
        Conv2D(fifth, 3, padding=1, groups=groups, activation="relu"),
        MaxPooling2D(3, strides=2),
        *classifier(),
    ]


def classifier() -> list[Layer]:
    """The dense layers of AlexNet, ZFNet and VGG."""
    return [Flatten(), Dropout(0.5), Dense(4096, "relu"), Dropout(0.5), Dense(4096, "relu"), Dense(1000, "softmax")]


def test_alexnet_as_it_was_on_two_gpus():
    """Krizhevsky et al. 2012 on 227x227: 60,965,224 weights, 724,406,816 multiply-accumulates."""
    chain = alexnet(Conv2D(96, 11, strides=4, activation="relu"), (256, 384, 384, 256), groups=2)
    found = table(*chain, shape=(227, 227, 3))
    assert (found.params, found.macs, found.receptive_field) == (60_965_224, 724_406_816, (195, 195))


def test_alexnet_in_one_tower():
    """Krizhevsky 2014, arXiv:1404.5997, on 224x224: 61,100,840 weights, 714,188,480 multiply-accumulates."""
    chain = alexnet(Conv2D(64, 11, strides=4, padding=2, activation="relu"), (192, 384, 256, 256), groups=1)
    found = table(*chain, shape=(224, 224, 3))
    assert (found.params, found.macs, found.receptive_field) == (61_100_840, 714_188_480, (195, 195))


def test_zfnet():
    """Zeiler & Fergus 2014, doi:10.1007/978-3-319-10590-1_53: 62,357,608 weights, 1,168,032,896 operations."""
    chain = [
        Conv2D(96, 7, strides=2, padding=1, activation="relu"),
        MaxPooling2D(3, strides=2, padding=1),
        Conv2D(256, 5, strides=2, activation="relu"),
        MaxPooling2D(3, strides=2, padding=1),
        Conv2D(384, 3, padding=1, activation="relu"),
        Conv2D(384, 3, padding=1, activation="relu"),
        Conv2D(256, 3, padding=1, activation="relu"),
        MaxPooling2D(3, strides=2),
        *classifier(),
    ]
    found = table(*chain, shape=(224, 224, 3))
    assert (found.params, found.macs, found.receptive_field) == (62_357_608, 1_168_032_896, (171, 171))


def vgg16() -> list[Layer]:
    blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
    maps: list[Layer] = []
    for filters, depth in blocks:
        maps += [Conv2D(filters, 3, padding="same", activation="relu") for _ in range(depth)]
        maps += [MaxPooling2D(2)]
    return [*maps, *classifier()]


def test_vgg16():
    """Simonyan & Zisserman 2015, arXiv:1409.1556: 138,357,544 weights, 15,470,264,320 multiply-accumulates."""
    found = table(*vgg16(), shape=(224, 224, 3))
    assert (found.params, found.macs, found.receptive_field) == (138_357_544, 15_470_264_320, (212, 212))


@pytest.mark.parametrize(
    ("layer", "field"), [("conv2d", 3), ("conv2d_5", 32), ("conv2d_12", 196)], ids=["conv1_1", "conv3_2", "conv5_3"]
)
def test_what_the_pictured_layers_of_vgg16_see(layer, field):
    """001 L789-798; 3, 3+2, 6+4+4 ... as each pool doubles the stride."""
    rows = {row.name: row for row in table(*vgg16(), shape=(224, 224, 3)).rows}
    assert rows[layer].receptive_field == (field, field)


def test_the_published_networks_tile_their_images():
    """Their windows see every pixel at the size they were made for."""
    nets = [
        (vgg16(), 224, 3),
        (alexnet(Conv2D(96, 11, strides=4, activation="relu"), (256, 384, 384, 256), groups=2), 227, 3),
        (lenet5(Dense(120, "tanh")), 32, 1),
    ]
    for chain, side, channels in nets:
        found = check(Network.sequential(chain, (side, side, channels)), strict=True)
        assert [finding for finding in found.findings if finding.severity == "error"] == []


# Numbers that flow


Rows = Sequence[Sequence[float]]


def through(layer: Layer, rows: Rows, kernel: Rows | None = None) -> Rows:
    """What a layer makes of one map of one channel, with this kernel."""
    image = torch.tensor(rows, dtype=torch.float64)[None, :, :, None]
    module = layer.build(tuple(image.shape[1:])).double()
    if kernel is not None:
        module.get_parameter("weight").data[:] = torch.tensor(kernel)
    return to_border(module(to_inside(image)))[0, :, :, 0].tolist()


CROSS = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
STAIRS = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]


def test_the_convolution_in_steps_gives_its_nine_sums():
    """001 L352-396 (garbled there), 002 L735."""
    assert through(Conv2D(1, 3, use_bias=False), STAIRS, CROSS) == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]


def test_a_sobel_kernel_on_a_patch_gives_2():
    """002 L446-450; nothing is flipped: layers cross-correlate (flipped it would be -2)."""
    kernel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    assert through(Conv2D(1, 3, use_bias=False), [[3, 2, 1], [1, 2, 3], [1, 1, 1]], kernel) == [[2]]


@pytest.mark.parametrize(
    ("strides", "padding", "expected"),
    [
        (1, 0, [[-2, -1, 3], [2, 5, 8], [-2, 0, -1]]),
        (
            1,
            1,
            [[-1, 2, 2, -1, -2], [2, -2, -1, 3, -1], [3, 2, 5, 8, 2], [2, -2, 0, -1, -3], [1, 5, 4, 1, 2]],
        ),
        (2, 0, [[-2, 3], [-2, -1]]),
        (2, 1, [[-1, 2, -2], [3, 5, 2], [1, 4, 2]]),
    ],
    ids=["no padding", "padding", "stride 2", "stride 2, padding"],
)
def test_padding_and_stride_on_the_lectures_map(strides, padding, expected):
    """002 L553-624, which shows the first entries: -2; -1; -1, 2, 3."""
    image = [[1, 2, 0, 3, 1], [1, 0, 0, 2, 2], [2, 1, 2, 1, 1], [0, 0, 1, 0, 0], [1, 2, 1, 1, 1]]
    kernel = [[-1, 1, 2], [1, 1, 0], [-1, -2, 0]]
    layer = Conv2D(1, 3, strides=strides, padding=padding, use_bias=False)
    assert through(layer, image, kernel) == expected


DEPTH_SLICE = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]


def test_max_pooling_of_the_single_depth_slice():
    """001 L710-719, 002 L822."""
    assert through(MaxPooling2D(2), DEPTH_SLICE) == [[6, 8], [3, 4]]


def test_average_pooling_of_the_single_depth_slice():
    """001 L704, on the map of L710-719."""
    assert through(AveragePooling2D(2), DEPTH_SLICE) == [[3.25, 5.25], [2, 2]]


def test_l2_pooling_of_the_single_depth_slice():
    """000 L149-151, on the map of 001 L710-719: sqrt(63), sqrt(133), sqrt(18), sqrt(26)."""
    found = through(L2Pooling2D(2), DEPTH_SLICE)
    assert [value for row in found for value in row] == pytest.approx([63**0.5, 133**0.5, 18**0.5, 26**0.5])


def sigmoid(x: float) -> tuple[float, float]:
    """The sigmoid and its slope."""
    at = torch.tensor([[x]], dtype=torch.float64, requires_grad=True)
    y = Sigmoid().build((1,))(at)
    (slope,) = torch.autograd.grad(y, at)
    return y.item(), slope.item()


@pytest.mark.parametrize(
    ("x", "y", "slope"),
    [
        (-5, "0.01", "0.01"),
        (-4, "0.02", "0.02"),
        (-3, "0.05", "0.05"),
        (-2, "0.12", "0.10"),
        (-1, "0.27", "0.20"),
        (0, "0.50", "0.25"),
        (1, "0.73", "0.20"),
        (2, "0.88", "0.10"),
        (3, "0.95", "0.05"),
        (4, "0.98", "0.02"),
        (5, "0.99", "0.01"),
    ],
)
def test_the_table_of_the_sigmoid(x, y, slope):
    """002 L309-320."""
    assert tuple(f"{value:.2f}" for value in sigmoid(x)) == (y, slope)


@pytest.mark.parametrize(("x", "slope"), [(-10, 4.54e-5), (0, 0.25), (10, 4.54e-5)])
def test_the_sigmoid_saturates(x, slope):
    """003 L341-356."""
    assert sigmoid(x)[1] == pytest.approx(slope, rel=1e-3)


def test_the_first_weight_of_one_unit_gets_its_gradient():
    """002 L331-341: 0.73 and -0.0106 (by the loss (a - y)^2 exactly -0.010575; the lecture says softmax)."""
    module = Dense(1, use_bias=False).build((3,)).double()
    weight = module.get_parameter("weight")
    weight.data[:] = torch.tensor([[1.0, 2.0, 3.0]])
    said = Sigmoid().build((1,))(module(torch.tensor([[0.1, 0.15, 0.2]], dtype=torch.float64)))
    loss = MeanSquaredError().values(said, torch.tensor([[1.0]]))
    (gradient,) = torch.autograd.grad(loss.sum(), weight)
    assert round(said.item(), 5) == 0.73106
    assert round(gradient[0, 0].item(), 6) == -0.010575


def test_half_the_squared_error_has_half_that_gradient():
    """000 L270, 003 L231, on the numbers of 002 L331-341; from the rounded values of its table it is -0.0108."""
    at = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(QuadraticCost().values(torch.sigmoid(at), torch.tensor([[1.0]])).sum(), at)
    assert round(0.1 * slope.item(), 5) == -0.00529
    assert round(2 * (0.73 - 1) * 0.20 * 0.1, 4) == -0.0108


def test_x_plus_y_times_z_is_minus_12():
    """001 L916-921: f = (x + y)z at x=-2, y=5, z=-4; its slopes -4, -4 and 3 are in test_lecture_errors.py."""
    x, y, z = (Input((1,)) for _ in range(3))
    module = build(Network.functional([x, y, z], Multiply()([Add()([x, y]), z])))
    assert module(*(torch.tensor([[value]]) for value in (-2.0, 5.0, -4.0))).item() == -12


def test_what_the_lectures_configure_comes_without_asking():
    """003 L196 Adam's rate 0.001; 003 L480 divides by 2; 001 L1105 halves."""
    assert Adam().learning_rate == 0.001
    assert HalveAndGoBack().factor == 0.5
    assert StepDecay().factor == 0.5


@pytest.mark.parametrize(("gradients", "divisors"), [((0.1, 0.2), (0.1, 0.2236)), ((20.0, 10.0), (20.0, 22.36))])
def test_adagrad_divides_the_rate_by_the_root_of_the_squares_so_far(gradients, divisors):
    """000 L440-463: eta/0.1, eta/0.22; eta/20, eta/22."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = Adagrad(1.0).build([weight], 1.0)
    for gradient, divisor in zip(gradients, divisors, strict=True):
        before = weight.item()
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        assert (before - weight.item()) / gradient == pytest.approx(1 / divisor, rel=1e-4)
