"""Batch normalisation: in training, in prediction, frozen, and without its parts."""

import math

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError, ShapeError
from striate.layers import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from tests.contracts.layer_trials import LAYOUTS, Trial, both, differences
from tests.layers.by_hand import compute

AVERAGES = {"running_mean": [1.0], "running_var": [4.0]}
LEARNED = {"weight": [10.0], "bias": [1.0]}


def test_in_training_each_channel_gets_mean_beta_and_deviation_gamma():
    """Mean 3, variance 4, so that z = -1, 1."""
    layer = BatchNormalization(epsilon=1e-12)
    out = compute(layer, [[1], [5]], training=True, **LEARNED, **AVERAGES)
    assert out == [pytest.approx([-9]), pytest.approx([11])]


def test_in_prediction_the_averages_are_used():
    """(7 - 1) / sqrt(4) * 10 + 1 = 31."""
    assert compute(BatchNormalization(epsilon=1e-12), [[7]], **LEARNED, **AVERAGES) == [pytest.approx([31])]


def test_epsilon_stands_under_the_root():
    """(7 - 1) / sqrt(4 + 5) = 2."""
    given = {"weight": [1], "bias": [0], **AVERAGES}
    assert compute(BatchNormalization(epsilon=5.0), [[7]], **given) == [pytest.approx([2])]


def test_a_map_is_normalised_over_samples_and_pixels():
    images = [[[[1], [2]], [[3], [4]]], [[[5], [6]], [[7], [8]]]]
    given = {"weight": [1], "bias": [0], **AVERAGES}
    out = np.array(compute(BatchNormalization(epsilon=1e-12), images, training=True, **given))
    assert out.mean() == pytest.approx(0, abs=1e-12)
    assert out.std() == pytest.approx(1)


def moved(layer, values):
    """The averages, from 1 and 4, after one step on these values of one channel."""
    module = layer.build((1,)).train()
    module.running_mean.fill_(1)
    module.running_var.fill_(4)
    module(torch.tensor(values)[:, None])
    return module.running_mean.item(), module.running_var.item()


def test_the_averages_keep_their_share_and_take_the_unbiased_variance():
    """Mean 3, unbiased variance ((1-3)^2 + (5-3)^2) / 1 = 8: 0.9 + 0.3 and 3.6 + 0.8."""
    assert moved(BatchNormalization(), [1.0, 5.0]) == pytest.approx((1.2, 4.4))
    assert moved(BatchNormalization(momentum=0.5), [1.0, 5.0]) == pytest.approx((2, 6))


def test_frozen_it_uses_its_averages_in_training_and_leaves_them():
    layer = BatchNormalization(trainable=False, epsilon=1e-12)
    assert compute(layer, [[7]], training=True, **LEARNED, **AVERAGES) == [pytest.approx([31])]
    assert moved(layer, [1.0, 5.0]) == (1, 4)


@pytest.mark.parametrize(
    ("center", "scale", "names"),
    [
        (True, True, ["weight", "bias", "running_mean", "running_var"]),
        (False, True, ["weight", "running_mean", "running_var"]),
        (True, False, ["bias", "running_mean", "running_var"]),
        (False, False, ["running_mean", "running_var"]),
    ],
)
def test_without_center_or_scale_there_is_no_beta_or_gamma(center, scale, names):
    layer = BatchNormalization(center=center, scale=scale, epsilon=1e-12)
    assert list(layer.weights((5, 6, 1))) == names
    given = {name: value for name, value in {**LEARNED, **AVERAGES}.items() if name in names}
    expected = (7 - 1) / math.sqrt(4) * (10 if scale else 1) + (1 if center else 0)
    assert compute(layer, [[7]], **given) == [pytest.approx([expected])]


def test_only_gamma_and_beta_are_trained():
    trained = {name: weight.trainable for name, weight in BatchNormalization().weights((3,)).items()}
    assert trained == {"weight": True, "bias": True, "running_mean": False, "running_var": False}


def test_one_value_per_channel_cannot_be_normalised_in_training():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        compute(BatchNormalization(), [[7]], training=True, **LEARNED, **AVERAGES)


def test_more_axes_than_a_volume_has_are_refused():
    with pytest.raises(ShapeError, match="BatchNormalization takes 1 to 4 axes"):
        BatchNormalization().output((2, 3, 4, 5, 6))


def test_the_axis_is_always_the_channels():
    with pytest.raises(ArgumentError, match="BatchNormalization has no argument 'axis'"):
        BatchNormalization(axis=1)  # ty: ignore[unknown-argument]


# Layer, group, root mean square, unit

ONE = {"weight": [1, 1, 1, 1], "bias": [0, 0, 0, 0]}


def test_layer_normalization_compares_the_channels_of_one_position():
    """Mean 3 and variance 4 at the first position, mean 10 and variance 100 at the second."""
    images = [[[[1, 5, 1, 5]], [[0, 20, 0, 20]]]]
    out = compute(LayerNormalization(epsilon=1e-12), images, **ONE)
    assert out == [[[pytest.approx([-1, 1, -1, 1])], [pytest.approx([-1, 1, -1, 1])]]]
    scaled = compute(LayerNormalization(epsilon=1e-12), [[1, 5]], weight=[10, 100], bias=[1, 2])
    assert scaled == [pytest.approx([-9, 102])]


@pytest.mark.parametrize("channels", [7, 8, 16])
@pytest.mark.parametrize("scale", [False, True])
def test_many_channels_are_normalised_as_few_are(channels, scale):
    trial = Trial(LayerNormalization(scale=scale), (3, 2, channels))
    for layout in LAYOUTS:
        found, reference = both(trial, layout, training=True, seed=0)
        assert differences(found, reference) == []


def test_its_epsilon_stands_under_the_root():
    assert compute(LayerNormalization(epsilon=5.0), [[1, 5]], weight=[1, 1], bias=[0, 0]) == [
        pytest.approx([-2 / 3, 2 / 3])
    ]


def test_group_normalization_compares_groups_of_channels_over_the_map():
    images = [[[[1, 1, 0, 40]], [[5, 5, 0, 40]]]]  # (1, 2, 1, 4): groups with mean 3 and 20
    out = compute(GroupNormalization(2, epsilon=1e-12), images, **ONE)
    assert out == [[[pytest.approx([-1, -1, -1, 1])], [pytest.approx([1, 1, -1, 1])]]]


def test_a_group_for_each_channel_is_instance_normalization_and_one_group_the_whole_map():
    x = torch.randn(3, 4, 5, 6)
    instance = GroupNormalization(-1, epsilon=1e-5).build((5, 6, 4))
    whole = GroupNormalization(1, epsilon=1e-5).build((5, 6, 4))
    for module in (instance, whole):
        torch.nn.init.ones_(module.weight)
        torch.nn.init.zeros_(module.bias)
    torch.testing.assert_close(instance(x), torch.nn.functional.instance_norm(x))
    torch.testing.assert_close(whole(x), torch.nn.functional.layer_norm(x, (4, 5, 6)))


def test_a_group_normalization_that_comes_first_learns_in_channels_last_memory():
    """torch's own crashes there."""
    module = GroupNormalization(2).build((5, 6, 4))
    x = torch.randn(2, 4, 5, 6).contiguous(memory_format=torch.channels_last)
    module(x).sum().backward()
    assert module.weight.grad is not None


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(LayerNormalization(), (9, 9, 1)), (GroupNormalization(4), (4,)), (GroupNormalization(-1), (1, 1, 3))],
    ids=repr,
)
def test_single_numbers_are_not_normalised(layer, shape):
    with pytest.raises(ShapeError, match="single numbers, which are then 0 whatever they were"):
        layer.output(shape)


def test_groups_must_divide_the_channels():
    with pytest.raises(ShapeError, match="32 equal groups of 48 channels") as refused:
        GroupNormalization().output((8, 8, 48))
    assert refused.value.fix == "groups=24, or another number that divides 48"
    assert GroupNormalization(2).output((None, None, 4)) == (None, None, 4)


def test_root_mean_square_is_divided_by_and_no_mean_taken_away():
    """sqrt((1 + 49) / 2) = 5; with eps = 11 under the root 6."""
    assert compute(RMSNormalization(epsilon=1e-12), [[1, -7]], weight=[1, 10]) == [pytest.approx([0.2, -14])]
    assert compute(RMSNormalization(epsilon=11.0), [[1, -7]], weight=[6, 6]) == [pytest.approx([1, -7])]


def test_unit_normalization_gives_length_one_at_every_position_and_nothing_for_nothing():
    assert compute(UnitNormalization(), [[[[3, 4], [0, 0]]]]) == [[[pytest.approx([0.6, 0.8]), [0, 0]]]]


def test_root_mean_square_normalisation_of_bfloat16_stays_bfloat16_without_a_warning():
    module = RMSNormalization().build((4,))
    module.weight.data.fill_(1)
    x = torch.ones(2, 4, dtype=torch.bfloat16, requires_grad=True)
    y = module(x)
    y.sum().backward()
    assert y.dtype == torch.bfloat16 and module.weight.grad.dtype == torch.float32
