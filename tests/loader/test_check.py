import numpy as np
import pytest
import torch

from striate.datasets import Data, Split
from striate.errors import DataError
from striate.loader import as_array, audit, check_arrays


def test_arrays_of_any_common_kind_are_taken():
    assert check_arrays(np.zeros((3, 8, 8)), [0, 1, 2], (8, 8, 1))[0].shape == (3, 8, 8, 1)
    assert check_arrays(np.zeros((3, 8, 8, 1), np.float64))[0].dtype == np.float32


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.zeros((5, 8, 8, 3)), np.zeros(4), "5 images and 4 labels"),
        (np.zeros((5, 3, 8, 8)), np.zeros(5), "np.moveaxis"),
        (np.zeros((8, 8, 3)), None, "x[None]"),
        (np.zeros((0, 8, 8, 3)), None, "no images"),
        (np.full((2, 8, 8, 3), np.nan), None, "row 0 holds NaN"),
        (np.array(["a", "b"]), None, "cannot be used"),
        (object(), None, "images of type object"),
        (np.zeros((2, 8, 8, 3)), np.array(["a", "b"]), "np.unique"),
        (np.zeros((2, 8, 8, 3)), np.array([0.0, np.nan]), "label in row 1"),
        ([np.zeros((8, 8, 3)), np.zeros((9, 8, 3))], None, "differ in size"),
    ],
    ids=["lengths", "channels first", "one image", "none", "nan", "text", "no array", "names", "nan label", "ragged"],
)
def test_what_cannot_be_used_is_told_with_the_fix(x, y, said):
    with pytest.raises(DataError) as caught:
        check_arrays(x, y, (8, 8, 3))
    assert said in str(caught.value)


def test_equal_images_in_training_and_test_are_found():
    draw = np.random.default_rng(0)
    x = draw.integers(0, 256, (40, 6, 6, 1), np.uint8)
    clean = Data("x", Split(x[:30], np.arange(30) % 2), None, Split(x[30:], np.arange(10) % 2), ("a", "b"))
    assert audit(clean) == []
    twins = x.copy()
    twins[33] = twins[4]
    leaky = Data("x", Split(twins[:30], np.arange(30) % 2), None, Split(twins[30:], np.arange(10) % 2), ("a", "b"))
    (finding,) = audit(leaky)
    assert finding.fault == "leak"
    assert "1 of 10" in finding.evidence


def test_imbalance_is_told_with_its_numbers():
    x = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 1), np.uint8)
    (finding,) = audit(Data("x", Split(x, (np.arange(40) < 4).astype(int)), None, None, ("a", "b")))
    assert finding.fault == "imbalance"
    assert "ratio 9.0" in finding.evidence


def test_arrays_of_the_other_byte_order_and_of_half_precision_are_converted():
    numbers = np.array([1.5, -2.0, 3.0])
    for value in (
        numbers.astype(">f8"),
        numbers.astype("<f4"),
        torch.tensor(numbers).bfloat16(),
        torch.tensor(numbers, requires_grad=True),
        numbers.tolist(),
    ):
        array = as_array(value, "labels")
        assert array.dtype.isnative
        assert torch.equal(torch.from_numpy(array).double(), torch.tensor(numbers))
    assert as_array(np.array([1, 256], ">i4"), "labels").tolist() == [1, 256]


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        (torch.eye(2).to_sparse(), lambda value: value.to_dense()),
        (torch.ones(2).to(torch.float8_e5m2), lambda value: value.float()),
        ([torch.ones(2, requires_grad=True)] * 2, lambda value: torch.stack(value).detach()),
        (np.ones(2, np.longdouble), lambda value: value.astype("float64")),
    ],
    ids=["sparse", "8 bits", "with gradient", "128 bits"],
)
def test_what_torch_or_numpy_does_not_take_is_told_and_the_fix_works(value, fix):
    with pytest.raises(DataError, match="labels"):
        as_array(value, "labels")
    torch.from_numpy(as_array(fix(value), "labels"))
