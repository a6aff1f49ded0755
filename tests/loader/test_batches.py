"""Batches: every image once an epoch, in an order that seed and epoch decide."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from striate.augmentations import MixUp, RandomCrop
from striate.loader import Augmenter, Batches, Preprocessing

X = torch.arange(10, dtype=torch.float32).reshape(10, 1, 1, 1)
PLAIN = Preprocessing.fit(X.numpy())


def batches(count=10, size=4, **how):
    return Batches((X[:count],), (torch.arange(count) * 10,), (PLAIN,), size, **how)


@pytest.mark.parametrize(
    ("count", "size", "lengths"),
    [
        (10, 4, [4, 4, 2]),
        (8, 4, [4, 4]),
        (9, 4, [4, 5]),  # a last batch of one joins the one before it
        (3, 4, [3]),
        (1, 4, [1]),
        (5, 1, [1, 1, 1, 1, 1]),
        (10, 10, [10]),
        (10, 9, [10]),
    ],
)
def test_an_epoch_is_cut_into_batches(count, size, lengths):
    given = batches(count, size)
    found = list(given.epoch(0))
    assert [len(batch) for batch in found] == lengths
    assert len(given) == len(lengths)
    assert sorted(torch.cat([batch.rows for batch in found]).tolist()) == list(range(count))


def test_images_targets_and_weights_belong_to_their_rows():
    for batch in batches(weight=(torch.arange(10) / 2,)).epoch(3):
        assert torch.equal(batch.x[0].flatten(), batch.rows.float())
        assert torch.equal(batch.y[0], batch.rows * 10)
        assert torch.equal(batch.weight[0], batch.rows / 2)


def test_seed_and_epoch_decide_the_order():
    orders = {(seed, epoch): tuple(batches(seed=seed).order(epoch).tolist()) for seed in range(3) for epoch in range(3)}
    assert len(set(orders.values())) == 9
    assert orders == {
        (seed, epoch): tuple(batches(seed=seed).order(epoch).tolist()) for seed, epoch in reversed(orders)
    }
    assert batches(shuffle=False).order(5).tolist() == list(range(10))


def test_an_epoch_goes_on_from_any_step():
    whole = list(batches(seed=1).epoch(2))
    for start in range(len(whole) + 1):
        rest = list(batches(seed=1).epoch(2, start))
        assert [batch.rows.tolist() for batch in rest] == [batch.rows.tolist() for batch in whole[start:]]


def test_an_image_is_augmented_and_then_normalised_the_same_in_any_batch():
    draw = np.random.default_rng(0)
    x = torch.from_numpy(draw.integers(0, 256, (12, 6, 6, 3), np.uint8))
    made = Preprocessing.fit(x.numpy(), standardise=True)
    augmenter = Augmenter([RandomCrop(2)], seed=0)
    seen = []
    for size in (12, 5):
        given = Batches((x,), (torch.zeros(12),), (made,), size, augmenter=augmenter)
        out = torch.empty(12, 3, 6, 6)
        for batch in given.epoch(4):
            assert batch.x[0].is_contiguous(memory_format=torch.channels_last)
            out[batch.rows] = batch.x[0]
        seen.append(out)
    assert torch.equal(seen[0], seen[1])
    assert torch.equal(seen[0], made.tensor(augmenter(x, torch.arange(12), 4)))


@pytest.mark.parametrize("places", [2, 3, 7])
@pytest.mark.parametrize("augment", [(), (RandomCrop(1),), (MixUp(),)], ids=str)
def test_the_parts_of_several_places_are_the_batches_of_one(places, augment):
    x, y = torch.rand(23, 6, 6, 1), torch.arange(23)
    augmenter = Augmenter(augment, 5) if augment else None
    whole = Batches((x,), (y,), (Preprocessing.fit(x.numpy()),), 6, augmenter=augmenter)
    parts = [replace(whole, place=place, places=places) for place in range(places)]
    for batch, *found in zip(whole.epoch(1), *(each.epoch(1) for each in parts), strict=True):
        assert torch.equal(torch.cat([part.x[0] for part in found]), batch.x[0])
        assert torch.equal(torch.cat([part.y[0] for part in found]), batch.y[0])
        assert {part.whole for part in found} == {len(batch)}
        assert 1 not in map(len, found), "one image alone has no spread"
        if batch.mix is not None:
            assert torch.equal(torch.cat([part.mix[1] for part in found]), batch.mix[1])
            assert torch.equal(torch.cat([part.mix[0].y[0] for part in found]), batch.mix[0].y[0])


def test_samples_can_count_more():
    (batch,) = batches(3, weight=(torch.tensor([1.0, 2, 3]), None), shuffle=False).epoch(0)
    twice = replace(batch, y=batch.y * 2).weighed(2)
    assert [each.tolist() for each in twice.weight] == [[2, 4, 6], [2, 2, 2]]


def test_data_is_on_a_device_where_there_is_room_for_all_of_it():
    """10 numbers of 4 bytes, 10 labels of 8."""
    given, elsewhere = batches(), torch.device("meta")
    assert given.bytes == 120
    assert given.resident
    assert given.to(elsewhere, 120).resident
    assert not given.to(elsewhere, 119).resident
    assert batches(weight=(torch.ones(10),)).bytes == 160


@pytest.mark.parametrize("room", [0, 1e9])
def test_batches_are_made_where_they_are_wanted(room):
    augmenter = Augmenter([RandomCrop(1)], 0)
    moved = batches(augmenter=augmenter, weight=(torch.ones(10),)).to(torch.device("meta"), room)
    assert [len(batch) for batch in moved.epoch(0)] == [4, 4, 2]
    for batch in moved.epoch(0):
        assert {each.device.type for each in batch.tensors()} == {"meta"}
        assert len(batch.tensors()) == 3
        assert batch.rows.device.type == "cpu"
