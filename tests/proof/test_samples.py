"""Numbers to prove a network with, where nobody gives any."""

import numpy as np
import pytest
import torch

from striate.model.samples import Side
from striate.proof import IMAGES, random_images, random_labels
from tests.contracts.declarations import shelf_members

LOSSES = shelf_members("losses")


@pytest.mark.parametrize("output", [(3,), (4, 5, 3)])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_gets_labels_that_it_takes(name, output):
    loss = LOSSES[name]()
    target = random_labels(loss, output, np.random.default_rng(0))
    prediction = torch.full((IMAGES, output[-1], *output[:-1]), 1 / 3, dtype=torch.float64)
    assert loss.values(prediction, target).isfinite().all()


def test_images_are_inside_and_words_are_whole_numbers_below_their_count():
    rng = np.random.default_rng(0)
    assert random_images(Side("input", (4, 5, 2)), rng).shape == (IMAGES, 2, 4, 5)
    words = random_images(Side("input", (200,), 7), rng)
    assert words.dtype == torch.int64
    assert (int(words.min()), int(words.max())) == (0, 6)
