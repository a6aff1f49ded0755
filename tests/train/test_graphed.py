"""What a CUDA graph is recorded from and replayed into, with a stand-in for CUDA.

Where a graph would be replayed it computes the batch again, and writes into the memory that was recorded.
"""

from contextlib import nullcontext

import pytest
import torch

from striate.layers import BatchNormalization, Dropout
from striate.train import Computed, Graphed, Plan, Whole, make_engine
from tests.train.test_engine import assert_equal, batch, built, gradients, objective


@pytest.fixture
def recorded(monkeypatch):
    """Graphs that were recorded; each holds the engine that fills it."""
    graphs = []

    class Stream:
        def wait_stream(self, other):
            pass

    class Graph:
        def __init__(self):
            self.replays = 0
            graphs.append(self)

        def replay(self):
            self.replays += 1
            held = [weight.grad for weight in self.engine.whole.weights]
            found, kept = self.engine.whole(self.engine._batch), self.engine._found
            kept.value.copy_(found.value)
            for old, new in zip((*kept.losses, *kept.scores), (*found.losses, *found.scores), strict=True):
                old.copy_(new)
            for old, weight, one in zip(self.engine._gradients, self.engine.whole.weights, held, strict=True):
                old.copy_(weight.grad)
                weight.grad = one  # a graph writes into memory, and knows nothing of Python's names for it

    for name, stand_in in {
        "Stream": lambda device: Stream(),
        "current_stream": lambda device: Stream(),
        "stream": lambda stream: nullcontext(),
        "graph": lambda graph, stream: nullcontext(),
        "CUDAGraph": Graph,
        "get_sync_debug_mode": lambda: 0,
        "set_sync_debug_mode": lambda mode: None,
    }.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)
    return graphs


def graphed(module, graphs, first):
    """An engine that has recorded its step on the first batch, and what it found of that."""
    engine = Graphed(Whole(module, objective()))
    engine._record(first)
    graphs[-1].engine = engine
    return engine


def found_by(engine, batch):
    """What an engine finds of a batch, and the gradient, which it takes along."""
    found = engine(batch), gradients(engine)
    for weight in engine.module.parameters():
        weight.grad = None
    return found


def test_every_batch_gets_its_own_loss_scores_and_gradient(recorded):
    module, batches = built(), [batch(10, weight=(torch.linspace(0, k, 10).double(),)) for k in (1, 2)]
    engine, alone = graphed(module, recorded, batches[0]), Whole(module, objective())
    for each in [*batches, batches[0]]:
        expected = found_by(alone, each)
        assert_equal((engine(each), gradients(engine)), expected)
    assert recorded[0].replays == 3


def test_another_size_is_computed_without_it_and_leaves_it_whole(recorded):
    module, first, last = built(), batch(10), batch(7)
    engine, alone = graphed(module, recorded, first), Whole(module, objective())
    for each in (first, last, first):
        expected = found_by(alone, each)
        assert_equal((engine(each), gradients(engine)), expected)
    assert recorded[0].replays == 2
    assert len(recorded) == 1


def test_scores_of_one_batch_are_kept_when_the_next_is_computed(recorded):
    module = built()
    one, other = batch(10), batch(10)
    other.x[0].mul_(-1)
    engine = graphed(module, recorded, one)
    scores = engine(one).scores[0]
    before = scores.clone()
    engine(other)
    assert torch.equal(scores, before)


def test_recording_moves_neither_statistics_nor_random_numbers(recorded):
    module = built(BatchNormalization(), Dropout(0.5)).train()
    before, stream = {key: value.clone() for key, value in module.state_dict().items()}, torch.get_rng_state()
    graphed(module, recorded, batch())
    assert torch.equal(torch.get_rng_state(), stream)
    for key, value in module.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_a_batch_stays_as_it_was_given(recorded):
    given = batch()
    engine = graphed(built(), recorded, batch())
    engine(given)
    assert engine._batch.x[0].data_ptr() != given.x[0].data_ptr()
    assert torch.equal(engine._batch.x[0], given.x[0])


def test_the_plan_chooses_it(recorded):
    plan = Plan(1, device="cuda", compiler="cuda-graphs")
    assert isinstance(make_engine(plan, built(), objective(), (), ()), Graphed)


def test_only_batches_of_the_first_size_are_compiled(monkeypatch):
    compiled = []

    def note(module, dynamic):
        assert not dynamic
        return lambda x: compiled.append(len(x)) or module(x)

    monkeypatch.setattr(torch, "compile", note)
    module = built()
    engine = make_engine(Plan(1, device="cuda", compiler="inductor"), module, objective(), (), ())
    alone = Whole(module, objective())
    for rows in (10, 7, 10):
        expected = found_by(alone, batch(rows))
        found = engine(batch(rows))
        assert isinstance(found, Computed)
        assert_equal((found, gradients(engine)), expected)
    assert compiled == [10, 10]
