"""Splits: shuffled, every class in its share on both sides, nothing lost and nothing twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.datasets import Data, Split
from striate.errors import DataError
from striate.loader import holdout, split


def data_of(y, **parts):
    y = np.asarray(y)
    x = np.arange(len(y), dtype=np.float32).reshape(-1, 1, 1, 1)
    return Data("set", Split(x, y, [f"{row}.png" for row in range(len(y))]), classes=("a", "b"), **parts)


def rows(part):
    return part.x[:, 0, 0, 0].astype(int)


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=300, deadline=None)
def test_each_class_gives_its_share(sizes, share, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    if sum(sizes) == 1 or max(sizes) == 1:
        with pytest.raises(DataError, match="cannot be split"):
            holdout(y, share, seed)
        return
    kept, held = holdout(y, share, seed)
    assert sorted([*kept, *held]) == list(range(len(y)))
    counts = np.bincount(y[held], minlength=len(sizes))
    if 2 * len(sizes) <= max(len(y), 8):  # else the labels may be quantities
        for count, size in zip(counts, sizes, strict=True):
            assert (count == 0) if size == 1 else (1 <= count <= size - 1)
            assert abs(count - share * size) < 1 or count in {0, 1, size - 1}


@given(sizes=st.lists(st.integers(20, 60), min_size=1, max_size=8), share=st.floats(0.1, 0.9))
@settings(max_examples=100, deadline=None)
def test_the_shares_of_the_classes_sum_to_the_share_of_all(sizes, share):
    y = np.repeat(np.arange(len(sizes)), sizes)
    _, held = holdout(y, share, 0)
    assert len(held) == int(share * len(y) + 0.5)


@pytest.mark.parametrize(
    ("sizes", "share", "held"),
    [
        ([10, 20], 0.1, [1, 2]),
        ([15, 25], 0.1, [2, 2]),  # 1.5 + 2.5 = 4: the sum comes out, the first of equal remainders goes up
        ([14, 26], 0.1, [1, 3]),  # 1.4 + 2.6 = 4
        ([100, 2], 0.1, [10, 1]),  # 0.2 of an image: one at least
        ([100, 1], 0.1, [10, 0]),  # a single image is trained on
        ([3, 3], 0.9, [2, 2]),  # 2.7: one at least stays
    ],
)
def test_shares_by_hand(sizes, share, held):
    y = np.repeat([0, 1], sizes)
    assert np.bincount(y[holdout(y, share, 0)[1]], minlength=2).tolist() == held


def test_both_sides_are_shuffled_and_the_seed_decides():
    y = np.arange(1000) % 10
    kept, held = holdout(y, 0.3, 0)
    for side in (kept, held):
        assert abs(np.corrcoef(side, np.arange(len(side)))[0, 1]) < 0.15
        assert abs(np.corrcoef(y[side][:-1], y[side][1:])[0, 1]) < 0.15
    again, other = holdout(y, 0.3, 0), holdout(y, 0.3, 1)
    assert np.array_equal(kept, again[0])
    assert np.array_equal(held, again[1])
    assert set(held) != set(other[1])


def test_every_image_is_held_out_as_often_as_any_other():
    y = np.arange(40) % 2
    times = sum(np.bincount(holdout(y, 0.25, seed)[1], minlength=40) for seed in range(2000))
    assert times.sum() == 2000 * 10
    assert np.abs(times - 500).max() < 5 * (2000 * 0.25 * 0.75) ** 0.5, "five standard deviations"


@pytest.mark.parametrize("kind", [np.int64, np.uint8, bool], ids=lambda kind: kind.__name__)
def test_class_numbers_of_any_kind_are_classes(kind):
    y = (np.arange(100) < 10).astype(kind)
    for labels in (y, y[:, None]):
        _, held = holdout(labels, 0.2, 0)
        assert np.bincount(y[held].astype(int)).tolist() == [18, 2]


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool], ids=lambda kind: kind.__name__)
def test_one_hot_labels_are_classes(kind):
    numbers = (np.arange(100) < 10).astype(int)
    _, held = holdout(np.eye(2, dtype=kind)[numbers], 0.2, 0)
    assert np.bincount(numbers[held]).tolist() == [18, 2]


@pytest.mark.parametrize(
    "y",
    [
        np.linspace(0, 1, 100),
        np.arange(100),
        np.random.default_rng(0).integers(0, 2, (100, 4)),
        np.zeros((100, 8, 8), np.uint8),
    ],
    ids=["fractions", "quantities", "several numbers", "masks"],
)
def test_labels_that_are_no_classes_are_split_without_regard_to_them(y):
    kept, held = holdout(y, 0.2, 0)
    assert (len(kept), len(held)) == (80, 20)
    assert sorted([*kept, *held]) == list(range(100))


@pytest.mark.parametrize(
    ("y", "share"), [([], 0.2), ([0], 0.2), ([0, 1], 0.2), ([0, 1, 2], 0.5), ([0, 0], 0.0)], ids=str
)
def test_what_cannot_be_split_is_told_with_its_sum(y, share):
    with pytest.raises(DataError, match="cannot be split in two parts") as caught:
        holdout(np.array(y, int), share, 0)
    assert f"{share:.3g}*{len(y)} = " in caught.value.sum
    assert caught.value.fix


def test_two_images_of_one_class_are_parted():
    kept, held = holdout(np.array([0, 0]), 0.01, 0)
    assert sorted([*kept, *held]) == [0, 1]


def test_without_an_official_test_set_the_parts_are_70_10_and_20_percent():
    parts = split(data_of(np.arange(1000) % 2))
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [700, 100, 200]
    together = np.concatenate([rows(part) for part in (parts.train, parts.validation, parts.test)])
    assert sorted(together) == list(range(1000))
    for part in (parts.train, parts.validation, parts.test):
        assert np.bincount(part.y).tolist() == [len(part) // 2] * 2
        assert part.files == [f"{row}.png" for row in rows(part)]
        assert np.array_equal(part.y, rows(part) % 2)


def test_an_official_test_set_stays_and_validation_is_a_share_of_training():
    official = data_of([0, 1]).train
    parts = split(data_of(np.arange(1000) % 2, test=official))
    assert parts.test is official
    assert [len(parts.train), len(parts.validation)] == [900, 100]


def test_official_parts_stay_as_they_are():
    data = data_of([0, 1] * 5, test=data_of([0, 1]).train, validation=data_of([1, 0]).train)
    parts = split(data)
    assert (parts.train, parts.validation, parts.test) == (data.train, data.validation, data.test)


def test_a_share_of_nothing_leaves_that_part_out():
    parts = split(data_of([0, 1] * 20), validation=0, test=0.5)
    assert parts.validation is None
    assert len(parts.test) == 20
    parts = split(data_of([0, 1] * 20), validation=0, test=0)
    assert (parts.validation, parts.test) == (None, None)
    assert rows(parts.train).tolist() == list(range(40))


def test_the_test_set_does_not_depend_on_the_share_of_validation():
    tests = [rows(split(data_of([0, 1] * 50), validation=share).test) for share in (0, 0.1, 0.3)]
    assert np.array_equal(tests[0], tests[1])
    assert np.array_equal(tests[0], tests[2])


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"validation": -0.1}, "validation cannot be -0.1"),
        ({"test": 1.0}, "test cannot be 1"),
        ({"test": float("nan")}, "test cannot be nan"),
        ({"validation": 0.5, "test": 0.5}, r"validation \+ test cannot be 1"),
    ],
    ids=str,
)
def test_shares_that_leave_nothing_are_refused(shares, said):
    with pytest.raises(DataError, match=said):
        split(data_of([0, 1] * 20), **shares)


def test_a_class_that_a_part_lacks_is_named():
    parts = split(data_of([0] * 30 + [1]))
    assert [(finding.fault, finding.where) for finding in parts.findings] == [
        ("class-missing", "validation"),
        ("class-missing", "test"),
    ]
    assert "1 of 2 classes: b" in parts.findings[0].evidence
