import numpy as np
import pytest

from striate.datasets import Split


@pytest.mark.parametrize("rows", [[2, 0, 2], np.array([2, 0, 2])], ids=["list", "array"])
def test_rows_are_taken_with_their_labels_and_files(rows):
    part = Split(np.arange(4).reshape(4, 1, 1, 1), np.array([7, 8, 9, 10]), ["a", "b", "c", "d"]).take(rows)
    assert len(part) == 3
    assert part.x.ravel().tolist() == [2, 0, 2]
    assert part.y.tolist() == [9, 7, 9]
    assert part.files == ["c", "a", "c"]


def test_without_files_there_are_none_to_take():
    assert Split(np.zeros((2, 1, 1, 1)), np.zeros(2)).take([0]).files is None
