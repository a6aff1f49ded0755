"""An encoder and a decoder that attends to it, declared as a graph: they learn to say a sequence backwards."""

import pytest
import torch
from torch.nn import functional

from striate.build import build
from striate.layers import GRU, LSTM, AdditiveAttention, Attention, Bidirectional, Concatenate, Dense, Embedding, Input
from striate.network import Network

WORDS, LENGTH = 6, 6
START = WORDS
"""The word that stands before the first."""


def lstm_with_dot():
    """Luong's: the decoder's states ask, and what they are told is joined to them."""
    source, before = Input((None,)), Input((None,))
    words = Embedding(WORDS + 1, 12)
    read = LSTM(24, return_sequences=True)(words(source))
    last = LSTM(24)(read)
    said = LSTM(24, return_sequences=True)([words(before), last, Dense(24)(last)])
    told = Attention(use_scale=True)([said, read])
    return Network.functional([source, before], Dense(WORDS)(Concatenate()([said, told])))


def gru_with_additive():
    """Bahdanau's: read both ways, scores by a layer of tanh."""
    source, before = Input((None,)), Input((None,))
    words = Embedding(WORDS + 1, 12)
    read = Bidirectional(GRU(12, return_sequences=True))(words(source))
    said = GRU(24, return_sequences=True)([words(before), Dense(24, "tanh")(GRU(24)(read))])
    told = AdditiveAttention()([Dense(24)(said), read, Dense(24)(read)])
    return Network.functional([source, before], Dense(WORDS)(Concatenate()([said, told])))


def examples(count, length, generator):
    """Sequences, what the decoder has said before each step, and what it is to say."""
    source = torch.randint(0, WORDS, (count, length), generator=generator)
    target = source.flip(1)
    before = torch.cat((torch.full((count, 1), START), target[:, :-1]), 1)
    return source, before, target


@pytest.fixture(autouse=True)
def _one_thread():
    """The products are so small that handing them round takes longer."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("declare", [lstm_with_dot, gru_with_additive])
def test_it_learns_to_say_a_sequence_backwards(declare):
    network = declare()
    assert network.nodes[-1].output == (None, WORDS)
    module = build(network, seed=0)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(200):
        source, before, target = examples(64, LENGTH, generator)
        loss = functional.cross_entropy(module(source, before), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    source, before, target = examples(500, LENGTH, generator)
    with torch.no_grad():
        found = module(source, before).argmax(1)
        shuffled = module(source[torch.randperm(500, generator=generator)], before).argmax(1)
    assert (found == target).float().mean() > 0.95
    # Words to come cannot be known from the words before: what is known comes from the encoder.
    assert (shuffled == target).float().mean() < 0.5
