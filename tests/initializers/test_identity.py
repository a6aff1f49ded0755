"""Layers that begin by handing on what comes in."""

import pytest
import torch
from torch.nn import functional

from striate import catalog, textbook
from striate.errors import ShapeError
from striate.initializers import Dirac, Identity
from tests.parity import keras


def drawn(initializer, shape):
    return initializer.sample(shape, torch.Generator())


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2)])
def test_a_matrix_has_its_gain_on_the_diagonal_as_the_textbooks_and_keras(shape):
    ours = drawn(Identity(1.5), shape)
    assert ours.tolist() == textbook.identity(shape, 1.5).tolist()
    assert torch.equal(ours, keras.initializers.Identity(1.5)((shape[1], shape[0])).T)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 3)])
def test_what_is_no_matrix_is_refused(shape):
    with pytest.raises(ShapeError, match="it is no matrix") as caught:
        drawn(Identity(), shape)
    assert "dirac" in caught.value.fix


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", [(4, 4, 3), (4, 2, 3, 3), (2, 4, 2, 3), (4, 3, 1, 2, 4)])
def test_kernels_are_the_textbooks_and_torchs(shape, groups):
    ours = drawn(Dirac(groups), shape)
    assert ours.tolist() == textbook.dirac(shape, groups).tolist()
    assert torch.equal(ours, torch.nn.init.dirac_(torch.empty(shape), groups))


def test_of_a_matrix_it_makes_an_identity():
    assert torch.equal(drawn(Dirac(), (2, 3)), drawn(Identity(), (2, 3)))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_map_comes_out_as_it_went_in(groups):
    x = torch.randn(2, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    w = drawn(Dirac(groups), (4, 4 // groups, 3, 3))
    assert torch.equal(functional.conv2d(x, w, padding=1, groups=groups), x)


def test_a_vector_and_groups_that_do_not_divide_are_refused():
    with pytest.raises(ShapeError, match="no channels to hand on"):
        drawn(Dirac(), (3,))
    with pytest.raises(ShapeError, match="cannot split 4 outputs in 3 groups") as caught:
        drawn(Dirac(3), (4, 4, 3))
    assert caught.value.sum == "4 mod 3 = 1, must be 0"


def test_it_goes_by_keras_names():
    assert type(catalog.get("initializers", "identity")) is Identity
    assert type(catalog.get("initializers", "IdentityInitializer")) is Identity
