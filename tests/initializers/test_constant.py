"""Initializers that draw nothing."""

import pytest
import torch

from striate import catalog
from striate.initializers import Constant, Ones, Zeros


def test_every_value_is_the_same():
    generator = torch.Generator()
    before = generator.get_state()
    assert Constant(0.25).sample((2, 3), generator).tolist() == [[0.25] * 3] * 2
    assert Zeros().sample((2,), generator).tolist() == [0, 0]
    assert Ones().sample((2,), generator).tolist() == [1, 1]
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(("name", "concept"), [("zero", Zeros), ("one", Ones), ("zeros", Zeros), ("ones", Ones)])
def test_they_go_by_keras_names(name, concept):
    assert type(catalog.get("initializers", name)) is concept
