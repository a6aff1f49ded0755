"""What metrics share."""

import pytest
import torch

from striate.errors import ArgumentError, DataError
from striate.metrics import BinaryAccuracy, MeanSquaredError, require_same_shape


def test_a_metric_takes_lists_arrays_and_tensors():
    assert MeanSquaredError()([[1.0, 2.0]], torch.tensor([[1.0, 4.0]], requires_grad=True)) == 2
    assert MeanSquaredError()([1.0, 2.0], [1.0, 4.0]) == 2
    assert MeanSquaredError()([[1, 2]], [[1, 4]]) == 2, "whole numbers are numbers too"


def test_a_meter_does_not_lose_single_precision_over_many_batches():
    meter = BinaryAccuracy().meter()
    meter.total += 2.0**24
    meter.count += 2**24
    meter.update(torch.ones(1, 1), torch.ones(1, 1))
    assert meter.total == 2**24 + 1


def test_with_one_output_the_labels_may_be_a_row():
    assert require_same_shape(BinaryAccuracy(), torch.zeros(3, 1), torch.zeros(3)).shape == (3, 1)
    assert require_same_shape(BinaryAccuracy(), torch.zeros(3, 1, 2, 2), torch.zeros(3, 2, 2)).shape == (3, 1, 2, 2)


def test_labels_of_another_kind_name_the_metric_that_goes_by_the_loss():
    with pytest.raises(ArgumentError, match="BinaryAccuracy compares number with number") as caught:
        require_same_shape(BinaryAccuracy(), torch.zeros(3, 4), torch.zeros(3))
    assert caught.value.sum == "labels (3,), predictions (3, 4)"
    assert 'metrics=["accuracy"]' in caught.value.fix


def test_labels_and_predictions_of_different_length_are_refused():
    with pytest.raises(DataError, match=r"labels \(3,\), predictions \(2, 1\)"):
        MeanSquaredError()([1, 2, 3], [1.0, 2.0])
