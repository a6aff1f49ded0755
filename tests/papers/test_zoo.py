"""The networks of the zoo have the weights, operations and fields that were published, to the unit."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from striate import zoo
from striate.check import Table, check
from striate.datasets import Digits
from striate.errors import ShapeError
from striate.layers import LocalResponseNormalization, PartialConv2D
from striate.losses import MeanSquaredError, SparseCategoricalCrossentropy
from striate.model import load
from striate.network import network_from_table, network_table
from striate.optimizers import Adam

PUBLISHED = {
    # name: weights that are trained, multiply-accumulates, receptive field
    "Perceptron": (784 * 10 + 10, 7_840, None),
    "MLP": (23_550 + 310, 23_820, None),  # 000 L117: 23,550 of the hidden layer
    "TextbookCNN": (520 + 28_810, 24 * 24 * 20 * 25 + 28_800, (6, 6)),  # 000 L116: 520
    "Neocognitron": (0, 160_000 + 60_000 + 923_200 + 21_600 + 57_700 + 96, (45, 45)),
    "LeNet5": (61_706, 416_520, (16, 16)),
    "LeNet5Original": (60_000, 415_680, (32, 32)),
    "TDNN": (8 * (3 * 16 + 1) + 3 * (5 * 8 + 1), 13 * 8 * 48 + 9 * 3 * 40, (7,)),
    "NiN": (966_986, 222_486_528, (27, 27)),
    "AlexNet": (61_100_840, 714_188_480, (195, 195)),
    "AlexNetTwoTower": (60_965_224, 724_406_816, (195, 195)),
    "ZFNet": (62_357_608, 1_168_032_896, (171, 171)),
    # torchvision's documentation: parameters, and operations in units of 10^9
    "VGG11": (132_863_336, 7_609_090_048, (150, 150)),
    "VGG13": (133_047_848, 11_308_466_176, (156, 156)),
    "VGG16": (138_357_544, 15_470_264_320, (212, 212)),
    "VGG19": (143_667_240, 19_632_062_464, (268, 268)),
    "ResNet18": (11_689_512, 1_814_073_344, (435, 435)),
    "ResNet34": (21_797_672, 3_663_761_408, (899, 899)),
    "ResNet50": (25_557_032, 4_089_184_256, (427, 427)),
    "GoogLeNet": (6_998_552, 1_582_671_872, (715, 715)),
}
HUGE = {"UNet", *(name for name, (params, _, _) in PUBLISHED.items() if params > 5_000_000)}
SMALL = [name for name in zoo.members() if name not in HUGE]


def table(name, **arguments):
    """The table of a network, from its declaration alone."""
    return check(zoo.build(name, **arguments).network)


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_operations_and_field_are_the_published_ones(name):
    found = table(name)
    assert (found.params, found.macs, found.receptive_field) == PUBLISHED[name]


@pytest.mark.parametrize("name", zoo.members())
def test_at_its_own_size_every_window_sees_every_pixel(name):
    found = check(zoo.build(name).network, strict=True)
    assert [finding for finding in found.findings if finding.fault == "window-does-not-tile"] == []


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("AlexNetTwoTower", ["conv1", "conv2"]),  # section 3.3: after the ReLU
        ("ZFNet", ["max_pooling2d", "max_pooling2d_1"]),  # figure 3: after the pooling
        ("GoogLeNet", ["max_pooling2d", "conv2"]),  # figure 3
    ],
)
def test_neighbouring_maps_are_normalised_where_the_paper_does_it(name, before):
    network = zoo.build(name).network
    normalised = [node for node in network.layers if isinstance(node.layer, LocalResponseNormalization)]
    assert [node.inputs[0] for node in normalised] == before


# LeNet-5 in 1998: LeCun et al., doi:10.1109/5.726791, section II.B


def test_lenet5_has_the_weights_and_connections_that_the_paper_counts_layer_by_layer():
    """Section II.B; a connection is a use of a weight, the biases among them, at every place."""
    rows = {row.name: row for row in table("LeNet5Original").rows}
    weights = {name: rows[name].params for name in ("C1", "S2", "C3", "S4", "C5", "F6")}
    assert weights == {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164}
    assert rows["output"].non_trainable == 840
    places = {name: rows[name].output[0] * rows[name].output[1] for name in ("C1", "S2", "C3", "S4", "C5")}
    connections = {
        "C1": weights["C1"] * places["C1"],
        "S2": 6 * places["S2"] * (2 * 2 + 1),
        "C3": weights["C3"] * places["C3"],
        "S4": 16 * places["S4"] * (2 * 2 + 1),
        "C5": weights["C5"] * places["C5"],
        "F6": weights["F6"],
        "output": 840,
    }
    assert connections["C1"] == 122_304
    assert connections["S2"] == 5_880
    assert connections["C3"] == 151_600
    assert connections["S4"] == 2_000
    assert sum(connections.values()) == 340_908


TABLE_I = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""


def test_the_maps_of_c3_see_the_maps_of_s2_that_table_i_gives_them():
    layer = zoo.LeNet5Original().get_layer("C3").declaration
    assert isinstance(layer, PartialConv2D)
    lines = TABLE_I.split()
    assert [set(seen) for seen in layer.connections] == [
        {row for row, line in enumerate(lines) if line[column] == "X"} for column in range(16)
    ]


# Other papers' own tables


@pytest.mark.parametrize(
    ("depth", "weights", "millions"),
    [(20, 269_722, 0.27), (32, 464_154, 0.46), (44, 658_586, 0.66), (56, 853_018, 0.85), (110, 1_727_962, 1.7)],
)
def test_the_small_resnets_have_the_millions_of_table_6(depth, weights, millions):
    """He et al. 2016, table 6; 6n + 2 layers, n blocks of two in each of three stages."""
    found = table(f"ResNet{depth}")
    assert found.params == weights
    assert round(weights / 1e6, 1 if depth == 110 else 2) == millions
    convolutions = [row for row in found.rows if row.type == "Conv2D"]
    assert len(convolutions) + 1 == depth
    filters = [3, *[16] * (1 + (depth - 2) // 3), *[32] * ((depth - 2) // 3), *[64] * ((depth - 2) // 3)]
    by_hand = sum(9 * a * b for a, b in pairwise(filters)) + 2 * sum(filters[1:]) + 650
    assert weights == by_hand


def test_the_shortcuts_of_the_small_resnets_have_no_weights():
    for row in table("ResNet20").rows:
        assert row.params == 0 or row.type in ("Conv2D", "BatchNormalization", "Dense")


INCEPTIONS = {
    "3a": (28, 256, 159, 128),
    "3b": (28, 480, 380, 304),
    "4a": (14, 512, 364, 73),
    "4b": (14, 512, 437, 88),
    "4c": (14, 512, 463, 100),
    "4d": (14, 528, 580, 119),
    "4e": (14, 832, 840, 170),
    "5a": (7, 832, 1072, 54),
    "5b": (7, 1024, 1388, 71),
}


@pytest.mark.parametrize("module", INCEPTIONS)
def test_each_inception_module_is_that_of_table_1(module):
    """Szegedy et al. 2015, table 1: output, thousands of weights and millions of operations, both rounded.

    The figures of the paper are rough, at most 11 % off what its widths give: 4c's 463 thousand are 510.
    """
    side, channels, thousands, millions = INCEPTIONS[module]
    rows = [row for row in table("GoogLeNet").rows if row.name.startswith(f"inception_{module}")]
    assert rows[-1].output == (side, side, channels)
    assert sum(row.params for row in rows) / 1000 == pytest.approx(thousands, rel=0.11)
    assert sum(row.macs or 0 for row in rows) / 1e6 == pytest.approx(millions, rel=0.11)


def test_googlenet_has_6_379_728_weights_more_with_its_auxiliary_heads():
    """Section 5: 5x5 pooling to 4x4, 128 filters of 1x1, 1024 units, the classes; on 4a and on 4d."""
    by_hand = sum(c * 128 + 128 + 4 * 4 * 128 * 1024 + 1024 + 1024 * 1000 + 1000 for c in (512, 528))
    bare, whole = table("GoogLeNet"), table("GoogLeNet", auxiliary=True)
    assert whole.params - bare.params == by_hand == 6_379_728
    assert len(zoo.GoogLeNet(auxiliary=True).network.outputs) == 3


def test_a_second_convolution_is_the_20_40_network():
    """000 L114-161: 26 * 20 weights, then 40 maps of 5x5 fields over 20; 4x4 pixels of 40 maps are left."""
    assert table("TextbookCNN", filters=(20, 40)).params == 520 + 40 * (25 * 20 + 1) + (4 * 4 * 40 + 1) * 10


def test_unet_has_its_23_convolutions_and_answers_for_the_middle():
    """Ronneberger et al. 2015, figure 1 and section 2: 572 to 388 pixels; 3x3 and 2x2 kernels, each with a bias."""
    found = table("UNet")
    by_hand = macs = 0
    side, below = 572, 1
    for level in range(5):
        filters = 64 * 2**level
        for inputs in (below, filters):
            side -= 2
            by_hand += filters * (9 * inputs + 1)
            macs += side**2 * 9 * inputs * filters
        below = filters
        side = side // 2 if level < 4 else side
    for filters in (512, 256, 128, 64):
        by_hand += filters * (4 * 2 * filters + 1)
        macs += side**2 * 4 * 2 * filters * filters
        side *= 2
        for inputs in (2 * filters, filters):
            side -= 2
            by_hand += filters * (9 * inputs + 1)
            macs += side**2 * 9 * inputs * filters
    assert side == 388
    assert found.rows[-1].output == (388, 388, 2)
    assert found.params == by_hand + 64 * 2 + 2 == 31_030_658
    assert found.macs == macs + 388**2 * 64 * 2 == 150_428_424_448
    assert len([row for row in found.rows if row.params]) == 23


def test_unet_refuses_what_it_cannot_halve_and_names_sizes_that_it_can():
    with pytest.raises(ShapeError) as told:
        zoo.UNet((190, 572, 1))
    assert told.value.sum == "89 mod 2 = 1 and 280 mod 2 = 0"
    assert told.value.fix.startswith("images of 188 x 572 pixels")
    assert zoo.UNet((188, 572, 1)).output_shape == (None, 4, 388, 2)


@pytest.mark.slow
def test_unet_learns_a_class_for_each_pixel():
    model = zoo.UNet((188, 188, 1), seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 188, 188, 1), dtype=np.float32), rng.integers(0, 2, (2, 4, 4))
    before = model.predict(x)
    assert before.shape == (2, 4, 4, 2)
    assert np.allclose(before.sum(-1), 1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=2, verbose=0, plan="exact")
    assert (model.predict(x) != before).any()


# Other sizes

OTHER = {
    "Perceptron": ((8, 8, 1), 3),
    "MLP": ((8, 8, 1), 3),
    "TextbookCNN": ((20, 24, 3), 4),
    "Neocognitron": ((28, 24, 3), 4),
    "LeNet5": ((28, 28, 3), 4),
    "LeNet5Original": ((40, 36, 3), 4),
    "TDNN": ((20, 12), 5),
    "NiN": ((48, 40, 1), 7),
    "AlexNet": ((96, 64, 1), 7),
    "AlexNetTwoTower": ((67, 99, 1), 7),
    "ZFNet": ((96, 80, 1), 7),
    **dict.fromkeys(("VGG11", "VGG13", "VGG16", "VGG19"), ((32, 64, 1), 7)),
    **dict.fromkeys(("ResNet18", "ResNet34", "ResNet50", "GoogLeNet"), ((64, 96, 1), 7)),
    **dict.fromkeys(("ResNet20", "ResNet32", "ResNet44", "ResNet56", "ResNet110"), ((16, 24, 1), 7)),
    "UNet": ((188, 204, 3), 4),
}


@pytest.mark.parametrize("name", zoo.members())
def test_it_takes_another_size_and_number_of_classes_and_computes_on_the_meta_device(name):
    shape, classes = OTHER[name]
    model = zoo.build(name, input_shape=shape, classes=classes)
    assert model.input_shape == (None, *shape)
    assert model.output_shape[-1] == classes
    value: dict[str, torch.Tensor] = {}
    with torch.device("meta"):
        for node in model.network.nodes:
            if node.is_input:
                value[node.name] = torch.empty(2, shape[-1], *shape[:-1])
                continue
            y = node.layer.build(*node.shapes).eval()(*(value[part] for part in node.inputs))
            value[node.name] = y if node.layer.then is None else node.layer.then.build(node.output)(y)
    assert value[model.network.outputs[0]].shape == (2, classes, *model.output_shape[1:-1])


@pytest.mark.parametrize("name", zoo.members())
def test_a_file_holds_its_declaration_whole(name):
    model = zoo.build(name)
    again = network_from_table(network_table(model.network))
    assert [row.to_json() for row in Table.of(again).rows] == [row.to_json() for row in Table.of(model.network).rows]


# Numbers that flow


QUICK = [name for name in SMALL if not name.startswith(("ResNet", "NiN")) and PUBLISHED[name][0]]
"""The neocognitron has no weights for fit: tests/zoo/test_neocognitron.py."""


@pytest.mark.parametrize("name", [*QUICK, "ResNet20"])
def test_it_predicts_in_single_precision_learns_and_is_kept(name, tmp_path):
    shape = {"ResNet20": (8, 8, 3)}.get(name, zoo.members()[name].input_shape)
    model = zoo.build(name, input_shape=shape, classes=3, seed=0)
    rng = np.random.default_rng(0)
    x, y = rng.random((8, *shape), dtype=np.float32), np.arange(8) % 3
    before = model.predict(x)
    assert before.dtype == np.float32
    assert np.isfinite(before).all()
    scores = name in ("Perceptron", "LeNet5Original")
    averaged = name == "TDNN"
    loss = MeanSquaredError() if averaged else SparseCategoricalCrossentropy(from_logits=scores)
    model.compile("sgd", loss)
    labels = np.eye(3, dtype=np.float32)[y] if averaged else y
    model.fit(x, labels, batch_size=8, verbose=0, plan="exact")
    assert (model.predict(x) != before).any()
    model.save(tmp_path / "model.striate")
    assert (load(tmp_path / "model.striate").predict(x) == model.predict(x)).all()


@pytest.mark.slow
def test_lenet5_of_1998_learns_digits_by_their_distance_to_pictures():
    """Pixels are made 4x4 times as large; the first 1,200 digits are learned, the others are of other hands."""
    digits = Digits().load().train
    x = np.kron(digits.x[..., 0].astype(np.float32), np.ones((1, 4, 4), np.float32))[..., None]
    x = (x - x.mean()) / x.std()
    model = zoo.LeNet5Original(seed=0)
    model.compile(Adam(0.002), SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x[:1200], digits.y[:1200], epochs=5, verbose=0, plan="exact")
    said = model.predict(x[1200:])
    assert (said <= 0).all()
    assert (said.argmax(1) == digits.y[1200:]).mean() > 0.75
