"""Units at right angles: against the textbook's Gram and Schmidt, torch and Keras."""

import pytest
import torch

from striate import catalog, textbook
from striate.errors import ShapeError
from striate.initializers import LSUV, Orthogonal
from tests.parity import agree, difference, keras

SHAPES = [(7, 7), (5, 9), (9, 5), (4, 3, 3, 3), (20, 2, 3), (1, 6)]
ROUNDING = 1e-5
"""Single precision, over sums of up to 27 products."""


def drawn(initializer, shape, seed=0):
    return initializer.sample(shape, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("initializer", [Orthogonal(), LSUV()], ids=repr)
@pytest.mark.parametrize("shape", SHAPES)
def test_units_stand_at_right_angles_and_have_length_one(initializer, shape):
    w = drawn(initializer, shape).flatten(1)
    few = w @ w.T if shape[0] <= w.shape[1] else w.T @ w
    assert agree(few, torch.eye(len(few)), ROUNDING)


@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_what_gram_and_schmidt_make_of_the_same_numbers(shape):
    rows, columns = shape[0], torch.Size(shape[1:]).numel()
    normal = torch.empty(max(rows, columns), min(rows, columns)).normal_(generator=torch.Generator().manual_seed(3))
    expected = textbook.orthonormal(normal.double().numpy())
    expected = (expected.T if rows < columns else expected).reshape(shape)
    assert agree(drawn(Orthogonal(), shape, seed=3), expected, ROUNDING)
    assert difference(drawn(Orthogonal(), shape, seed=4), expected) > 0.01


def test_the_gain_is_the_length_of_a_unit():
    assert drawn(Orthogonal(2.0), (3, 8)).norm(dim=1).tolist() == pytest.approx([2, 2, 2])
    assert torch.equal(drawn(Orthogonal(0.5), (3, 8)), 0.5 * drawn(Orthogonal(), (3, 8)))


def test_all_orthonormal_matrices_are_equally_likely():
    """A number of such a matrix of side n has mean 0 and variance 1/n; without the sign of R its mean is not 0."""
    corners = torch.stack([drawn(Orthogonal(), (3, 3), seed) for seed in range(2000)])
    assert corners.mean(0).abs().max() < 5 * (1 / 3 / 2000) ** 0.5
    assert corners.square().mean(0) == pytest.approx(torch.full((3, 3), 1 / 3), abs=0.04)


@pytest.mark.parametrize("shape", SHAPES)
def test_torch_and_keras_fill_the_same_matrix(shape):
    """Rows or columns at right angles: the same choice, from the same reading of a kernel as a matrix."""
    theirs = torch.nn.init.orthogonal_(torch.empty(shape), generator=torch.Generator().manual_seed(0)).flatten(1)
    flipped = keras.initializers.Orthogonal(seed=0)((*shape[2:], shape[1], shape[0]))
    of_keras = flipped.permute(-1, *range(len(shape) - 1)).flatten(1)
    ours = drawn(Orthogonal(), shape).flatten(1)
    for matrix in (ours, theirs, of_keras):
        few = matrix @ matrix.T if shape[0] <= matrix.shape[1] else matrix.T @ matrix
        assert agree(few, torch.eye(len(few)), ROUNDING)


@pytest.mark.parametrize("initializer", [Orthogonal(), LSUV()], ids=repr)
def test_a_vector_is_refused(initializer):
    with pytest.raises(ShapeError, match=r"cannot fill a weight of shape \(7,\)") as caught:
        drawn(initializer, (7,))
    assert caught.value.fix == '"zeros" for a bias'


def test_a_signal_keeps_its_length_through_many_layers():
    """Saxe et al. 2014: with normal weights of the same spread it does not."""
    x = torch.ones(50)
    for layer in range(100):
        x = drawn(Orthogonal(), (50, 50), layer) @ x
    assert x.norm().item() == pytest.approx(50**0.5, rel=1e-4)


def test_it_goes_by_keras_names():
    assert type(catalog.get("initializers", "orthogonal")) is Orthogonal
    assert type(catalog.get("initializers", "OrthogonalInitializer")) is Orthogonal
    assert type(catalog.get("initializers", "lsuv")) is LSUV
