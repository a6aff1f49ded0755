"""Maps made larger and smaller without weights."""

import numpy as np
import pytest

from striate import textbook
from striate.textbook import Cropping1D, UpSampling2D, ZeroPadding2D


def test_lines_between_the_centres_go_on_at_the_ends():
    """Centres of three new pixels for each old one lie at -1/3, 0, 1/3, 2/3, 1, 4/3."""
    y = UpSampling2D((1, 3), "bilinear").forward(np.array([[[[0.0, 3.0]]]]), {})
    assert np.allclose(y, [[[[0, 0, 1, 2, 3, 3]]]])


def test_a_frame_has_the_sides_that_are_said():
    y = ZeroPadding2D(((1, 0), (0, 2))).forward(np.array([[[[7.0]]]]), {})
    assert y[0, 0].tolist() == [[0, 0, 0], [7, 0, 0]]


def test_cropping_everything_is_refused():
    with pytest.raises(ValueError, match="leaves nothing"):
        Cropping1D(2).forward(np.ones((1, 1, 4)), {})


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", ["UpSampling", "ZeroPadding", "Cropping"])
def test_the_backward_rule_agrees_with_trying(check_gradients, kind, count):
    rng = np.random.default_rng(0)
    brick = getattr(textbook, f"{kind}{count}D")
    settings = [2] if kind == "UpSampling" else [(1, 0)] if count == 1 else [((1, 0), 1, (0, 1))[:count]]
    check_gradients(brick(*settings), rng.standard_normal((2, 2, *(3, 4, 2)[:count])), {}, 0)


def test_the_backward_rule_of_lines_agrees_with_trying(check_gradients):
    x = np.random.default_rng(0).standard_normal((2, 2, 3, 2))
    check_gradients(UpSampling2D((2, 3), "bilinear"), x, {}, 0)
