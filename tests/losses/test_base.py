"""What losses share: how labels of every kind become targets."""

import numpy as np
import pytest
import torch

from striate.errors import DataError
from striate.losses import Hinge, MaxMargin, MeanSquaredError, label_classes, label_numbers, label_place, label_signs


def test_a_loss_takes_lists_arrays_and_tensors():
    loss = MeanSquaredError()
    for kind in (list, np.array, torch.tensor):
        assert loss(kind([[1.0, 2.0]]), kind([[1.0, 4.0]])) == 2
    assert loss(torch.zeros(1, 1), torch.ones(1, 1, requires_grad=True)) == 1


def test_one_number_for_each_sample_needs_no_second_axis():
    assert MeanSquaredError()([1, 2], [1.0, 4.0]) == 2


def test_with_one_output_its_axis_may_be_left_out():
    labels = torch.arange(8.0).reshape(2, 2, 2)
    assert label_numbers(MeanSquaredError(), labels, (2, 2, 1), "").shape == (2, 1, 2, 2)


def test_labels_of_maps_turn_channels_first():
    labels = torch.arange(24.0).reshape(2, 2, 2, 3)
    assert torch.equal(label_numbers(MeanSquaredError(), labels, (2, 2, 3), "")[0, :, 1, 0], labels[0, 1, 0])


@pytest.mark.parametrize(
    ("given", "held"),
    [
        (torch.uint8, torch.float32),
        (torch.bool, torch.float32),
        (torch.float16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_labels_are_held_in_single_precision_unless_they_are_double(given, held):
    assert label_numbers(MeanSquaredError(), torch.ones(2, 1).to(given), (1,), "").dtype == held


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_label_that_is_no_number_is_found(value):
    with pytest.raises(DataError, match="label in row 1 is NaN or infinite"):
        label_numbers(MeanSquaredError(), torch.tensor([[0.0, 0.0], [0.0, value]]), (2,), "")


def test_the_place_of_a_label_is_its_row_and_its_position_in_a_map():
    labels = torch.zeros(2, 3, 3, dtype=torch.long)
    labels[1, 2, 0] = 7
    assert label_place(labels, labels > 0) == "label 7 in row 1, position (2, 0)"
    assert label_place(labels[..., :1], labels[..., :1] > 0) == "label 7 in row 1, position (2,)"
    assert label_place(torch.tensor([0.5]), torch.tensor([True])) == "label 0.5 in row 0"


def test_class_numbers_of_a_map_may_have_an_axis_of_their_own():
    labels = torch.zeros(2, 4, 4, 1)
    assert label_classes(MaxMargin(), labels, (4, 4, 3), "").shape == (2, 4, 4)
    labels[1, 2, 0] = 7
    with pytest.raises(DataError, match=r"label 7 in row 1, position \(2, 0\)"):
        label_classes(MaxMargin(), labels, (4, 4, 3), "")


def test_signs_of_several_outputs_turn_channels_first():
    labels = torch.tensor([[[1, 0], [0, 1]]])
    assert label_signs(Hinge(), labels, (2, 2)).tolist() == [[[1, -1], [-1, 1]]]
    with pytest.raises(DataError, match=r"label 3 in row 0, position \(1, 0\) is no sign"):
        label_signs(Hinge(), torch.tensor([[[1, 0], [3, 1]]]), (2, 2))
