import re
from ast import literal_eval

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.errors import ShapeError
from striate.layers import Conv2D, MaxPooling2D
from striate.shape import Window

pairs = st.tuples(st.integers(1, 6), st.integers(1, 6))


@given(st.sampled_from([Conv2D, MaxPooling2D]), pairs, pairs, pairs)
def test_every_fix_of_a_window_that_does_not_fit_works(kind, kernel, strides, sizes):
    def made(padding):
        return Conv2D(1, kernel, strides, padding) if kind is Conv2D else MaxPooling2D(kernel, strides, padding)

    try:
        made("valid").output((*sizes, 1))
    except ShapeError as error:
        paddings = re.findall(r'padding=("same"|\d+|\(\d+, \d+\))', error.fix)
        assert len(paddings) == 2
        for padding in paddings:
            made(literal_eval(padding)).output((*sizes, 1))
        map_ = re.search(r"at least (\d+)x(\d+)", error.fix)
        made("valid").output((int(map_[1]), int(map_[2]), 1))


def test_the_fix_names_the_padding_of_each_axis_where_they_differ():
    with pytest.raises(ShapeError) as error:
        Window.of((5, 5), (1, 1), "valid", (1, 1), (4, 1)).outputs((4, 1))
    assert error.value.fix == 'padding="same", or padding=(1, 2), or a map of at least 5x5'


@pytest.mark.parametrize(
    ("kernel", "stride", "size", "lost"), [(1, 2, 56, 0), (1, 3, 6, 0), (3, 5, 10, 0), (3, 5, 12, 4)]
)
def test_pixels_at_the_end_are_missed_only_if_more_than_between_two_windows(kernel, stride, size, lost):
    """Of stride 5, a kernel of 3 leaves out 2 everywhere; after 5 + 3 of 12 pixels 4 are left."""
    window = Window.of((kernel,), (stride,), "valid", (1,), (size,))
    assert [pixels for _, pixels, _ in window.unseen((size,))] == ([lost] if lost else [])
