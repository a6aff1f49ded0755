"""Preprocessing: sums by hand, the same for arrays and files, and back from the table of a model file."""

import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from striate.errors import DataError, StorageError
from striate.loader import Preprocessing

TWO = np.array([[[[0, 10, 7]], [[255, 30, 7]]]], np.uint8)
"""One image of two rows and one column: red 0 and 255, green 10 and 30, blue always 7."""


def images(*shape):
    return np.random.default_rng(0).integers(0, 200, shape, np.uint8)


def test_bytes_are_divided_by_255_and_fractions_are_taken_as_they_are():
    made = Preprocessing.fit(TWO)
    assert (made.dtype, made.scale, made.mean, made.std) == ("uint8", 255.0, (0.0,) * 3, (1.0,) * 3)
    assert made.input_shape == (2, 1, 3)
    out = made.tensor(torch.from_numpy(TWO))
    assert out.shape == (1, 3, 2, 1)
    assert out.flatten().tolist() == pytest.approx([0, 1, 10 / 255, 30 / 255, 7 / 255, 7 / 255])
    kept = Preprocessing.fit(TWO.astype(np.float32))
    assert (kept.dtype, kept.scale) == ("float32", 1.0)
    assert kept.tensor(torch.from_numpy(TWO).float()).flatten().tolist() == [0, 255, 10, 30, 7, 7]


def test_each_channel_gets_mean_0_and_deviation_1_by_hand():
    made = Preprocessing.fit(TWO, standardise=True)
    assert made.mean == pytest.approx((127.5 / 255, 20 / 255, 7 / 255))
    assert made.std == pytest.approx((127.5 / 255, 10 / 255, 1.0)), "blue never changes: it is only centred"
    out = made.tensor(torch.from_numpy(TWO))
    assert out.flatten().tolist() == pytest.approx([-1, 1, -1, 1, 0, 0], abs=1e-6)


def test_fractions_that_never_change_are_only_centred_whatever_rounding_leaves():
    made = Preprocessing.fit(np.full((3, 5, 5, 1), 0.1, np.float32), standardise=True)
    assert made.std == (1.0,)
    assert made.tensor(torch.full((1, 5, 5, 1), 0.1)).abs().max() < 1e-6


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_standardised_images_have_mean_0_and_deviation_1(kind, channels):
    x = images(50, 6, 7, channels).astype(kind)
    y = Preprocessing.fit(x, standardise=True).tensor(torch.from_numpy(x))
    assert y.shape == (50, channels, 6, 7)
    assert y.dtype == torch.float32
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert y.mean((0, 2, 3)).abs().max() < 1e-5
    assert (y.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5


def test_images_are_measured_piece_by_piece_to_the_same_numbers(monkeypatch):
    x = images(40, 6, 7, 3)
    whole = Preprocessing.fit(x, standardise=True)
    monkeypatch.setattr(sys.modules["striate.loader.preprocessing"], "_CHUNK", 300)
    parts = Preprocessing.fit(x, standardise=True)
    assert parts.mean == pytest.approx(whole.mean, rel=1e-12)
    assert parts.std == pytest.approx(whole.std, rel=1e-12)
    assert parts.mean == pytest.approx(x.mean((0, 1, 2)) / 255, rel=1e-12)
    assert parts.std == pytest.approx(x.std((0, 1, 2)) / 255, rel=1e-12)


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.float32], ids=lambda kind: kind.__name__)
def test_the_batch_that_is_given_stays_as_it_was(kind, standardise):
    x = torch.from_numpy(images(4, 3, 3, 3).astype(kind))
    before = x.clone()
    Preprocessing.fit(x.numpy(), standardise).tensor(x).zero_()
    assert torch.equal(x, before)


def test_an_image_does_not_depend_on_its_batch():
    x = images(20, 5, 5, 3)
    made = Preprocessing.fit(x, standardise=True)
    whole = made.tensor(torch.from_numpy(x))
    for row in range(20):
        assert torch.equal(made.tensor(torch.from_numpy(x[row : row + 1]))[0], whole[row])


def test_images_of_another_kind_are_refused_with_the_fix():
    bytes_, fractions = Preprocessing.fit(TWO), Preprocessing.fit(TWO.astype(np.float32))
    bytes_.check(torch.zeros(1, dtype=torch.uint8))
    fractions.check(torch.zeros(1))
    with pytest.raises(DataError, match="fitted on uint8 images, these are float32") as caught:
        bytes_.check(torch.zeros(1))
    assert "x * 255" in caught.value.fix
    with pytest.raises(DataError, match="fitted on float32 images, these are uint8") as caught:
        fractions.check(torch.zeros(1, dtype=torch.uint8))
    assert "/ 255" in caught.value.fix


@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_is_decoded_adapted_and_resized_as_training_images_are(tmp_path, channels):
    Image.new("RGB", (30, 20), (255, 0, 0)).save(tmp_path / "red.png")
    made = Preprocessing.fit(np.zeros((1, 8, 6, channels), np.uint8))
    image = made.load_image(tmp_path / "red.png")
    assert image.shape == (8, 6, channels)
    assert (image == ([76] if channels == 1 else [255, 0, 0])).all()


@pytest.mark.parametrize("x", [np.zeros((1, 8, 6, 3), np.float32), np.zeros((1, 8, 6, 2), np.uint8)])
def test_a_model_of_other_arrays_takes_no_files(tmp_path, x):
    with pytest.raises(DataError, match="not on image files"):
        Preprocessing.fit(x).load_image(tmp_path / "any.png")


@pytest.mark.parametrize("x", [images(9, 4, 5, 3), images(9, 4, 5, 1) / np.float32(3)], ids=["bytes", "fractions"])
def test_the_table_of_a_model_file_gives_the_same_preprocessing_back(x):
    made = Preprocessing.fit(x, standardise=True)
    assert Preprocessing.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize(
    "change",
    [
        {"mean": [0.0]},
        {"std": [1.0, 1.0]},
        {"std": [1.0, 0.0, 1.0]},
        {"std": [1.0, -1.0, 1.0]},
        {"mean": [float("nan"), 0.0, 0.0]},
        {"std": [float("inf"), 1.0, 1.0]},
        {"mean": ["0", 0.0, 0.0]},
        {"mean": None},
        {"scale": 0.0},
        {"scale": "255"},
        {"dtype": "int32"},
        {"input_shape": [2, 1, 1]},
        {"input_shape": [2, 1, 0]},
        {"input_shape": [10**10, 1, 3]},
        {"input_shape": []},
        {"input_shape": "213"},
    ],
    ids=str,
)
def test_a_damaged_table_is_told(change):
    table = {**Preprocessing.fit(TWO).to_json(), **change}
    with pytest.raises(StorageError, match="the model's preprocessing is damaged"):
        Preprocessing.from_json(table)


@pytest.mark.parametrize("table", [None, [], "text", {}, {"input_shape": [2, 1, 3]}], ids=str)
def test_what_is_no_table_at_all_is_told(table):
    with pytest.raises(StorageError, match="the model's preprocessing is damaged"):
        Preprocessing.from_json(table)
