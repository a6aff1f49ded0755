"""Random windows over random maps, many of which do not fit; and what is asked of each layer that has one."""

from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some

from striate.errors import ShapeError
from striate.layers.base import Layer
from striate.shape import Shape
from tests.contracts.layer_trials import Trial, both, differences, page

dimensions = some.integers(1, 3)
often = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

sometimes = settings(often, max_examples=80)


def sizes(least: int, most: int, count: int) -> some.SearchStrategy[Any]:
    """One number for all axes, or one for each."""
    each = some.integers(least, most)
    return each | some.tuples(*[each] * count)


def paddings(count: int) -> some.SearchStrategy[Any]:
    """Every way of saying how a map is padded."""
    side = some.integers(0, 2)
    each = some.tuples(*[side | some.tuples(side, side)] * count)
    return some.sampled_from(["valid", "same"]) | sizes(0, 2, count) | each


def maps(draw: Any, count: int, channels: int) -> Shape:
    """A small map."""
    return (*draw(some.tuples(*[some.integers(1, 7)] * count)), channels)


def agrees_with_the_book(layer: Layer, shape: Shape, *others: Shape) -> bool:
    """Whether torch and the textbook make the same of it, or the declaration refuses what the textbook refuses."""
    try:
        out = layer.output(shape, *others)
    except ShapeError as refused:
        assert refused.sum
        assert refused.fix
        return refused_by_the_book(layer, shape)
    found, reference = both(Trial(layer, shape, others), "channels_last", training=True, seed=0)
    assert found["y"].shape == (2, out[-1], *out[:-1])
    return differences(found, reference) == []


def refused_by_the_book(layer: Layer, shape: Shape) -> bool:
    """Whether the textbook has no answer either."""
    weights = {name: np.zeros(weight.shape) for name, weight in layer.weights(shape).items()}
    try:
        page(layer).forward(np.zeros((2, shape[-1], *shape[:-1])), weights)
    except ValueError:
        return True
    return False
