"""Numbers of words as vectors."""

import numpy as np
import torch

from striate.build import build
from striate.layers import LSTM, Dense, Embedding, Input
from striate.network import Network
from tests.layers.by_hand import compute


def test_each_word_gets_its_row():
    table = [[1, 2], [3, 4], [5, 6]]
    assert compute(Embedding(3, 2), [[2, 0, 2]], weight=table) == [[[5, 6], [1, 2], [5, 6]]]
    words = [[[2, 0], [1, 1]]]
    assert compute(Embedding(3, 2), words, weight=table) == [[[[5, 6], [1, 2]], [[3, 4], [3, 4]]]]


def test_a_word_that_stands_twice_gets_both_gradients():
    module = Embedding(3, 1).build((3,))
    module(torch.tensor([[2.0, 0.0, 2.0]])).backward(torch.tensor([[[1.0, 10.0, 100.0]]]))
    assert module.weight.grad.ravel().tolist() == [10, 0, 101]


def test_it_takes_numbers_and_counts_its_table():
    layer = Embedding(10_000, 64)
    assert layer.words == 10_000
    assert layer.weights((20,))["weight"].shape == (10_000, 64)
    assert layer.macs((20,)) == 0


def test_a_text_of_any_length_is_read():
    words = Input((None,))
    module = build(Network.functional(words, Dense(2)(LSTM(4)(Embedding(50, 3)(words)))))
    rng = np.random.default_rng(0)
    for length in (1, 7):
        assert module(torch.from_numpy(rng.integers(0, 50, (5, length)))).shape == (5, 2)
