"""The layers of LeNet-5 as in 1998: sums by hand."""

import numpy as np
import pytest
import torch

from striate.errors import ArgumentError, ShapeError
from striate.layers import RBF, Dense, PartialConv2D, ScaledTanh, Subsampling2D
from tests.layers.by_hand import compute, grey, rows

COLOURS = [[[[1, 10], [2, 20]], [[3, 30], [4, 40]]]]


def test_a_filter_sees_the_channels_of_its_row():
    """The first 2*c0; the second 3*c1 + 4*c0, in the order of its row; the third c1 and a bias."""
    layer = PartialConv2D(((0,), (1, 0), (1,)), 1)
    weight = np.array([2, 3, 4, 1]).reshape(4, 1, 1)
    found = compute(layer, COLOURS, weight=weight, bias=[0, 0, 100])
    assert found == [[[[2, 34, 110], [4, 68, 120]], [[6, 102, 130], [8, 136, 140]]]]


def test_its_kernel_is_laid_on_as_it_is():
    layer = PartialConv2D(((1,),), 2, use_bias=False)
    assert compute(layer, COLOURS, weight=[[[1, 0], [0, -1]]]) == [[[[10 - 40]]]]


def test_only_connections_have_weights_and_zeros_are_multiplied_too():
    layer = PartialConv2D(((0, 1), (2,)), 5)
    assert [weight.shape for weight in layer.weights((14, 14, 3)).values()] == [(3, 5, 5), (2,)]
    assert layer.macs((14, 14, 3)) == 2 * 3 * 25 * 100


def test_a_channel_that_is_not_there_is_told_with_the_filter():
    with pytest.raises(ShapeError) as told:
        PartialConv2D(((0, 1), (1, 6)), 5).output((14, 14, 6))
    assert told.value.what == "PartialConv2D: filter 1 sees channel 6, which is not there"
    assert told.value.sum == "connections[1] = (1, 6), the map has channels 0 to 5"
    assert PartialConv2D(((0, 1), (1, 6)), 5).output((14, 14, 7)) == (10, 10, 2)


def test_a_channel_is_seen_once():
    with pytest.raises(ArgumentError, match="filter 1 sees a channel twice"):
        PartialConv2D(((0, 1), (1, 1)), 5)
    for wrong in ((), ((),), ((-1,),)):
        with pytest.raises(ArgumentError):
            PartialConv2D(wrong, 5)


def test_subsampling_multiplies_the_sum_of_a_window_and_adds_a_bias():
    """(1 + 2 + 5 + 6) / 4 + 1 and so on; the last column is left out."""
    image = grey([[1, 2, 4, 4, 9], [5, 6, 8, 8, 9]])
    assert rows(compute(Subsampling2D(2), image, weight=[0.25], bias=[1])) == [[4.5, 7]]


def test_each_channel_is_subsampled_by_its_own_factor():
    assert compute(Subsampling2D(2), COLOURS, weight=[1, 0.5], bias=[0, -1]) == [[[[10, 49]]]]


def test_the_scaled_tanh_is_1_at_1():
    """Appendix A: the constants are chosen so that f(1) = 1 and f(-1) = -1; 1.7159 is the limit."""
    (found,) = compute(ScaledTanh(), [[-100, -1, 0, 1, 100]])
    assert found == pytest.approx([-1.7159, -1, 0, 1, 1.7159], abs=2e-5)
    assert Dense(3, activation=ScaledTanh()).then is not None


def pictures(characters="0123456789"):
    layer = RBF(characters)
    weight = layer.weights((84,))["pictures"]
    return weight.initializer.sample(weight.shape, torch.Generator())


def test_the_pictures_are_840_codes_of_plus_and_minus_1_all_different():
    codes = pictures()
    assert codes.numel() == 840
    assert set(codes.unique().tolist()) == {-1, 1}
    apart = (codes[:, None] != codes[None]).sum(2)
    assert apart[~torch.eye(10, dtype=torch.bool)].min() >= 6


def test_a_seven_looks_like_a_seven():
    seven = pictures("7").reshape(12, 7)
    assert seven[1].tolist() == [1] * 7, "its bar"
    assert seven[9].sum() < 0 < seven[9].max(), "its foot"
    assert seven[0].max() == seven[10:].max() == -1, "room around it"


def test_an_output_is_the_negative_squared_distance():
    """Four pixels off by 2 cost 16; the picture itself costs nothing."""
    codes = pictures("04").double()
    x = codes[0].clone()
    x[:4] = -x[:4]
    ((nought, _), (_, four)) = compute(RBF("04"), [x.tolist(), codes[1].tolist()], pictures=codes.numpy())
    assert (nought, four) == (-16, 0)


def test_the_picture_itself_is_found():
    found = np.array(compute(RBF(), pictures().tolist(), pictures=pictures().numpy()))
    assert found.argmax(1).tolist() == list(range(10))


def test_the_pictures_are_not_trained():
    module = RBF().build((84,))
    assert list(module.parameters()) == []
    assert [name for name, _ in module.named_buffers()] == ["pictures"]


def test_what_no_picture_has_is_refused():
    with pytest.raises(ArgumentError, match="no picture of 'x'"):
        RBF("1x")
    with pytest.raises(ShapeError) as told:
        RBF().output((80,))
    assert told.value.sum == "7 wide * 12 high = 84"
    assert told.value.fix == "Dense(84) before it"
