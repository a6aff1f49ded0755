"""Numbers put back where the maxima were."""

import numpy as np
import pytest

from striate.textbook import MaxPooling2D, MaxUnpooling1D, MaxUnpooling2D, MaxUnpooling3D, numerical_gradient


def test_a_maximum_of_two_windows_gets_the_sum():
    before = np.array([[[1.0, 9.0, 2.0]]])
    brick = MaxUnpooling1D(2, strides=1)
    assert brick.forward([np.array([[[3.0, 4.0]]]), before], {}).tolist() == [[[0, 7, 0]]]
    (dsmall, dbefore), _ = brick.backward(np.array([[[1.0, 5.0, 1.0]]]))
    assert dsmall.tolist() == [[[5, 5]]]
    assert dbefore.tolist() == [[[0, 0, 0]]]


def test_pooling_what_was_put_back_finds_it_again():
    before = np.abs(np.random.default_rng(0).standard_normal((2, 3, 7, 6)))
    small = MaxPooling2D(2, padding="same").forward(before, {})
    back = MaxUnpooling2D(2, padding="same").forward([small, before], {})
    assert np.array_equal(MaxPooling2D(2, padding="same").forward(back, {}), small)


def test_a_small_map_of_another_size_is_refused():
    with pytest.raises(ValueError, match="once it is pooled"):
        MaxUnpooling1D(2).forward([np.ones((1, 1, 3)), np.ones((1, 1, 4))], {})


@pytest.mark.parametrize("settings", [{}, {"pool_size": 3, "strides": 1, "padding": 1}, {"padding": "same"}])
@pytest.mark.parametrize("brick", [MaxUnpooling1D, MaxUnpooling2D, MaxUnpooling3D])
def test_the_backward_rule_agrees_with_trying(brick, settings):
    rng = np.random.default_rng(1)
    tried = brick(**settings)
    before = rng.permutation(np.prod(size := (1, 2, *(5, 4, 3)[: tried.pool.axes]))).reshape(size).astype(float)
    small = rng.standard_normal(tried.pool.forward(before, {}).shape)
    cotangent = rng.standard_normal(tried.forward([small, before], {}).shape)
    (dsmall, _), _ = tried.backward(cotangent)
    by_trying = numerical_gradient(lambda moved: float(np.sum(cotangent * tried.forward([moved, before], {}))), small)
    np.testing.assert_allclose(dsmall, by_trying, 1e-5, 1e-6)
