import numpy as np
from sklearn.datasets import load_digits

from striate.datasets import Digits, digits


def test_counts_of_ink_become_bytes():
    data = Digits().load()
    ink = load_digits().images
    assert data.train.x.shape == (1797, 8, 8, 1)
    for count, byte in ((0, 0), (1, 16), (4, 64), (8, 128), (12, 191), (16, 255)):  # 15.9, 63.75, 127.5, 191.25
        assert (data.train.x[..., 0][ink == count] == byte).all()
    assert np.bincount(data.train.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.classes == tuple("0123456789")
    assert (data.validation, data.test) == (None, None)


def test_keras_form_is_stratified_and_seeded():
    (x, y), (tx, ty) = digits.load_data(0.2)
    assert (x.shape, tx.shape) == ((1437, 8, 8), (360, 8, 8))
    assert np.abs(np.bincount(ty) - 0.2 * np.bincount([*y, *ty])).max() < 1
    again = digits.load_data(0.2)
    assert np.array_equal(again[1][0], tx)
    assert not np.array_equal(digits.load_data(0.2, seed=1)[1][0], tx)
