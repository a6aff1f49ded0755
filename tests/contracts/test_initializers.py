"""Every initializer is declared as concepts are, and draws from the generator it is given and nothing else."""

import pytest
import torch

from striate.errors import ShapeError
from tests.contracts.declarations import check_declaration, shelf_members, variants

MEMBERS = shelf_members("initializers")
SHAPES = [(), (7,), (30, 784), (20, 1, 5, 5), (8, 4, 3, 3, 3)]


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", MEMBERS)
def test_it_gives_finite_single_precision_numbers_of_that_shape_or_says_which_it_takes(name, shape):
    for initializer in variants(MEMBERS[name]):
        try:
            values = initializer.sample(shape, torch.Generator().manual_seed(0))
        except ShapeError as refusal:
            assert refusal.what.startswith(name)
            assert refusal.sum and refusal.fix
            continue
        assert values.shape == shape
        assert values.dtype == torch.float32
        assert torch.isfinite(values).all()


@pytest.mark.parametrize("name", MEMBERS)
def test_every_one_can_fill_a_matrix(name):
    assert MEMBERS[name].example().sample((30, 784), torch.Generator()).shape == (30, 784)


@pytest.mark.parametrize("name", MEMBERS)
def test_the_same_generator_gives_the_same_numbers_whatever_else_is_drawn(name):
    initializer = MEMBERS[name].example()
    torch.manual_seed(1)
    first = initializer.sample((20, 30), torch.Generator().manual_seed(0))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert torch.equal(initializer.sample((20, 30), torch.Generator().manual_seed(0)), first)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", MEMBERS)
def test_another_seed_gives_other_numbers_unless_there_is_nothing_to_draw(name):
    initializer = MEMBERS[name].example()
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    before = generators[0].get_state()
    values = [initializer.sample((20, 30), generator) for generator in generators]
    assert torch.equal(*values) == torch.equal(generators[0].get_state(), before)
