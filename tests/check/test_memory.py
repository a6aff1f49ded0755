"""What a network needs at least, and who is to blame for it."""

import pytest

from striate.check import Table, require_memory
from striate.errors import DeclarationError
from striate.layers import Conv2D, Dense, Flatten
from striate.network import Network

HUGE = Table.of(Network.sequential([Conv2D(10**9, 3, input_shape=(8, 8, 1)), Flatten(), Dense(3)]))
WEIGHTS = 4 * (10**9 * 10 + 3 * (36 * 10**9 + 1))  # 472,000,000,012 bytes
OUTPUTS = 4 * (36 * 10**9 + 36 * 10**9 + 3)


@pytest.mark.parametrize(
    ("copies", "images", "needed", "sum", "fix"),
    [
        (1, 0, WEIGHTS, "weights = 472 GB", "fewer filters or units in dense"),
        (2, 0, 2 * WEIGHTS, "weights and gradients = 944 GB", "fewer filters or units in dense"),
        (2, 1, 2 * WEIGHTS + OUTPUTS // 2, "weights and gradients + half the activations of 1 image = 1.1 TB", "fewer filters or units in dense"),
        (2, 16, 2 * WEIGHTS + 8 * OUTPUTS, "weights and gradients + half the activations of 16 images = 3.2 TB",
         "fewer filters or units in conv2d, or a smaller batch_size"),
    ],
)  # fmt: skip
def test_the_sum_is_that_of_the_layers(copies, images, needed, sum, fix):
    require_memory(HUGE, needed, copies, images)
    require_memory(HUGE, 0, copies, images)  # nobody knows how much there is
    with pytest.raises(DeclarationError, match="does not fit in the memory") as caught:
        require_memory(HUGE, needed - 1, copies, images)
    assert caught.value.sum.startswith(sum)
    assert caught.value.fix.startswith(fix)


def test_the_first_layer_that_alone_is_too_large_is_named():
    with pytest.raises(DeclarationError) as caught:
        require_memory(HUGE, 16 * 10**9, copies=1)
    assert caught.value.where == "conv2d: 10,000,000,000 parameters, output (6, 6, 1000000000)"
    with pytest.raises(DeclarationError) as caught:
        require_memory(HUGE, 100 * 10**9, copies=1)  # the convolution would fit
    assert caught.value.where == "dense: 108,000,000,003 parameters, output (3,)"
