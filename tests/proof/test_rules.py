"""The rule that belongs to a layer or a loss."""

import numpy as np
import pytest

from striate import textbook
from striate.layers import Conv2D, Dropout, LeakyReLU
from striate.losses import Hinge
from striate.proof import by_hand, rule_of
from tests.proof.networks import Cubed


def test_a_rule_has_the_name_and_the_arguments_of_what_it_is_for():
    conv = rule_of(Conv2D(3, 5, strides=2, padding="same"), {})
    assert isinstance(conv, textbook.Conv2D)
    assert (conv.strides, conv.padding) == ((2, 2), "same") or (conv.strides, conv.padding) == (2, "same")
    assert rule_of(LeakyReLU(0.3), {}).negative_slope == 0.3
    assert rule_of(Hinge(margin=2.0), {}).margin == 2.0


def test_what_has_none_has_none():
    assert rule_of(Cubed(), {}) is None


def test_a_rule_that_is_handed_over_comes_first():
    class Mine(textbook.LeakyReLU):
        pass

    assert type(rule_of(LeakyReLU(), {"LeakyReLU": Mine})) is Mine


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_the_mask_of_a_rule_that_drops_is_read_from_ones(rate):
    mask = np.random.default_rng(0).random((3, 8)) >= rate
    x = np.where(np.arange(8) % 2, 0.0, 5.0) * np.ones((3, 8))
    answer, _ = by_hand(rule_of(Dropout(rate), {}), [x], {}, np.ones((3, 8)), True, lambda: mask / (1 - rate))
    assert np.allclose(answer.y, x * mask / (1 - rate))
    assert np.allclose(answer.gradients["dx"], mask / (1 - rate))
