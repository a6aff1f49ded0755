import itertools

import pytest
import torch

from striate.errors import ArgumentError
from tests.model.blobs import blobs, fit, small

X, Y = blobs(40)


def loader(**settings):
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    return torch.utils.data.DataLoader(data, **settings)


def test_a_loader_decides_the_batch_size_where_none_is_given():
    for given, steps in (({"batch_size": 10}, 4), ({"batch_sampler": [range(40)]}, 2)):
        assert fit(small(), loader(**given), batch_size=None).params["steps"] == steps
    assert fit(small(), loader(batch_size=10), batch_size=20).params["steps"] == 2


def test_labels_beside_a_loader_are_refused():
    model = small()
    for ask in (fit, lambda *given: model.evaluate(*given[1:]), lambda *given: model.train_on_batch(*given[1:])):
        with pytest.raises(ArgumentError, match="cannot stand beside a loader"):
            ask(model, loader(batch_size=10), Y)


def test_a_loader_that_may_never_end_is_refused_before_it_is_read():
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return zip(itertools.cycle(X), itertools.cycle(Y), strict=False)

    read = []
    endless = (read.append(1) or (X, Y) for _ in range(3))
    for given in (endless, torch.utils.data.DataLoader(Endless(), batch_size=10)):
        with pytest.raises(ArgumentError, match="does not say how long it is"):
            fit(small(), given, steps_per_epoch=2)
    assert not read
    fit(small(), loader(batch_size=10), batch_size=None, steps_per_epoch=2)
    fit(small(), endless)


class Held:
    """As a table of another library: an array for those who ask."""

    def __init__(self, array):
        self.array = array

    def __iter__(self):
        return iter("columns")

    def __array__(self, dtype=None, copy=None):
        return self.array


def test_what_can_be_read_as_an_array_is_no_loader():
    assert small().predict(Held(X)).shape == (40, 3)
    fit(small(), Held(X), Held(Y))
