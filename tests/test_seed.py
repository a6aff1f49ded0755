import numpy as np
import pytest
import torch

from striate.errors import ArgumentError
from striate.layers import Dense
from striate.model import Sequential
from striate.seed import next_seed, require_seed, set_random_seed

NO_SEEDS = ["a", None, 1.5, True, -1, 2**63, 2**64, 2**70, [1]]


@pytest.mark.parametrize("value", NO_SEEDS, ids=map(repr, NO_SEEDS))
def test_what_is_no_seed_is_refused_and_changes_nothing(value):
    set_random_seed(3)
    expected = next_seed(), torch.rand(1)
    set_random_seed(3)
    with pytest.raises(ArgumentError, match="cannot be used") as caught:
        set_random_seed(value)
    assert (next_seed(), torch.rand(1)) == expected
    assert caught.value.fix == "seed=0"
    if value is not None:
        with pytest.raises(ArgumentError, match="cannot be used"):
            Sequential([Dense(2, input_shape=(3,))], seed=value)


@pytest.mark.parametrize("value", [0, 2**32, 2**63 - 1, np.int64(5), torch.tensor(5)], ids=repr)
def test_every_whole_number_of_63_bits_is_a_seed(value):
    assert require_seed(value) == int(value)
    set_random_seed(value)
    Sequential([Dense(2, input_shape=(3,))], seed=value).get_weights()
