"""Slices of a batch, computed side by side, give the gradient of the whole."""

import copy
import gc
import random
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from striate.augmentations import MixUp
from striate.build import build, rewrite
from striate.errors import ArgumentError, DeclarationError
from striate.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GaussianNoise,
    Input,
    LocallyConnected2D,
    MaxPooling2D,
)
from striate.loader import Augmenter, Batch, Batches, Preprocessing
from striate.losses import CategoricalCrossentropy, MeanSquaredError, SparseCategoricalCrossentropy
from striate.model import Model, Sequential
from striate.network import Network
from striate.optimizers import SGD, VSGD
from striate.regularizers import L2
from striate.train import Computed, Goal, Objective, Plan, Sliced, Step, Whole, make_engine

LOSS = SparseCategoricalCrossentropy()


def network(*layers):
    return Network.sequential(
        [
            Conv2D(4, 3, activation="relu", input_shape=(8, 8, 2)),
            MaxPooling2D(2),
            *layers,
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )


def objective(loss=LOSS):
    return Objective((Goal("", loss, drops_head=True),))


def built(*layers, dtype=torch.float64):
    return rewrite(build(network(*layers), 3).to(dtype), heads=[LOSS.head])


def batch(rows=10, dtype=torch.float64, weight=None):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, 2, 8, 8, generator=generator, dtype=dtype)
    y = torch.randint(3, (rows,), generator=generator)
    return Batch((x,), (y,), weight, torch.arange(rows))


def gradients(engine):
    return [weight.grad.clone() for weight in engine.module.parameters()]


def compared(module, batch, slices, goal=None, **more):
    """What both engines find of a batch: loss, scores and gradients."""
    goal, found = goal or objective(), []
    for engine in (Whole(module, goal, **more), Sliced(module, goal, slices, **more)):
        computed = engine(batch)
        found.append((computed, gradients(engine)))
    return found


def assert_equal(one, other, bound=1e-12):
    (left, grads), (right, others) = one, other
    torch.testing.assert_close(left.value, right.value, rtol=0, atol=bound)
    for pair in [*zip(left.scores, right.scores, strict=True), *zip(grads, others, strict=True)]:
        torch.testing.assert_close(*pair, rtol=0, atol=bound)


@pytest.mark.parametrize("slices", [2, 3, 4, 7])
@pytest.mark.parametrize("rows", [1, 2, 5, 10])
def test_slices_of_any_size_give_the_gradient_of_the_whole_batch(slices, rows):
    assert_equal(*compared(built(), batch(rows), slices))


def test_in_float32_they_agree_to_what_rounding_allows():
    module, given = built(dtype=torch.float32), batch(32, torch.float32)
    (_, whole), (_, sliced) = compared(module, given, 4)
    for one, other in zip(whole, sliced, strict=True):
        assert (one - other).abs().max() <= 1e-5 * one.abs().max()


def test_batch_normalisation_takes_the_statistics_of_the_whole_batch_and_moves_its_own_once():
    module = built(BatchNormalization(momentum=0.7))
    before = copy.deepcopy(module.state_dict())
    found, statistics = [], []
    for engine in (Whole(module, objective()), Sliced(module, objective(), 3)):
        module.load_state_dict(before)
        engine.module.train()
        found.append((engine(batch()), gradients(engine)))
        statistics.append([buffer.clone() for buffer in engine.module.buffers()])
    assert_equal(*found)
    for one, other in zip(*statistics, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    assert not torch.equal(before["batch_normalization.running_mean"], statistics[0][0])


def test_penalties_and_weights_of_samples_count_once():
    module = built()
    weight = (torch.rand(10, generator=torch.Generator().manual_seed(1), dtype=torch.float64),)
    penalties = [(L2(0.5), module.get_parameter("dense.weight"))]
    assert_equal(*compared(module, batch(weight=weight), 3, penalties=penalties))


def test_a_weight_that_only_its_penalty_reaches_has_the_gradient_of_that():
    """An output that nothing is learned from may have one: d/dw 0.5 * w^2 = w."""
    x = Input((3,))
    learned, other = Dense(2, activation="softmax")(x), Dense(2)(x)
    module = rewrite(build(Network.functional(x, [learned, other]), 0))
    weight = module.get_parameter("dense_1.weight")
    goals = Objective((Goal("a", LOSS), None))
    given = Batch((torch.ones(4, 3),), (torch.zeros(4, dtype=torch.long), torch.zeros(4, 0)), None, torch.arange(4))
    for engine in (Whole(module, goals, [(L2(0.5), weight)]), Sliced(module, goals, 3, [(L2(0.5), weight)])):
        engine(given)
        torch.testing.assert_close(weight.grad, weight.detach())


def test_mixed_images_find_their_partners_label_in_another_slice():
    x = torch.randint(256, (10, 8, 8, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    loss = CategoricalCrossentropy()
    y = torch.eye(3)[torch.arange(10) % 3]
    batches = Batches((x,), (y,), (Preprocessing.fit(x.numpy()),), 10, augmenter=Augmenter([MixUp(1.0)], 0))
    given = batches.batch(torch.arange(10), 0)
    assert_equal(*compared(built(dtype=torch.float32), given, 3, objective(loss)), bound=1e-6)


def test_what_is_drawn_depends_on_the_seed_and_the_slices_and_on_nothing_else():
    """Not on the number of workers, nor on which slice is first to draw; and torch's own stream goes on the same way."""
    module = built(Dropout(0.5), GaussianNoise(0.1))
    found = []
    for workers, delay in ((4, 0.0), (1, 0.0), (4, 0.01)):
        engine = Sliced(module, objective(), 4, drawing=["dropout", "gaussian_noise"], workers=workers)
        engine.module.train()
        engine.module.conv2d.register_forward_hook(lambda *_, delay=delay: time.sleep(delay * random.random()))
        torch.manual_seed(5)
        steps = [engine(batch()) for _ in range(2)]
        found.append((steps, gradients(engine), torch.rand(())))
        engine.module.conv2d._forward_hooks.clear()
    for steps, grads, after in found[1:]:
        for one, other in zip(found[0][0], steps, strict=True):
            assert torch.equal(one.scores[0], other.scores[0])
        assert all(torch.equal(*pair) for pair in zip(found[0][1], grads, strict=True))
        assert after == found[0][2]
    first, second = found[0][0]
    assert not torch.equal(first.scores[0], second.scores[0])


def test_slices_draw_different_numbers():
    module = built(Dropout(0.5))
    engine = Sliced(module, objective(), 2, drawing=["dropout"])
    engine.module.train()
    one = batch(1)
    twice = Batch((one.x[0].repeat(2, 1, 1, 1),), (one.y[0].repeat(2),), None, torch.arange(2))
    scores = engine(twice).scores[0]
    assert not torch.equal(scores[0], scores[1])


def test_the_bits_do_not_depend_on_the_number_of_workers():
    module, given = built(BatchNormalization(), dtype=torch.float32), batch(30, torch.float32)
    module.train()
    found = []
    for workers in (1, 2, 5):
        engine = Sliced(module, objective(), 5, workers=workers)
        engine.module.train()
        found.append((engine(given).scores[0], gradients(engine)))
    for scores, grads in found[1:]:
        assert torch.equal(scores, found[0][0])
        assert all(torch.equal(*pair) for pair in zip(grads, found[0][1], strict=True))


def test_no_more_slices_are_computed_at_a_time_than_there_are_workers():
    engine = Sliced(built(), objective(), 6, workers=2)
    at_once, most, lock = [0], [0], threading.Lock()

    def enter(*_):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.01)
        with lock:
            at_once[0] -= 1

    engine.module.conv2d.register_forward_hook(enter)
    engine(batch(12))
    assert most[0] == 2
    engine.workers = 4
    most[0] = 0
    engine(batch(12))
    assert 2 < most[0] <= 4


class Broken(nn.Module):
    def forward(self, x):
        if (x > 100).any():
            raise ValueError("too bright")
        return x


def test_what_goes_wrong_in_one_slice_is_told_and_the_others_do_not_wait_for_ever():
    module = built(BatchNormalization())
    module.set_submodule("conv2d.activation", Broken())
    engine = Sliced(module, objective(), 3)
    engine.module.train()
    bad = batch()
    bad.x[0][9] += 1000
    with pytest.raises(ValueError, match="too bright"):
        engine(bad)
    good = engine(batch())
    assert isinstance(good, Computed)
    assert torch.isfinite(good.value)


def test_slices_that_never_begin_are_not_waited_for():
    """A signal, or a machine that has no thread left, between two of them."""
    engine = Sliced(built(BatchNormalization()), objective(), 3)
    engine.module.train()
    submit, begun = engine._threads.submit, []

    def refusing(*job):
        if begun:
            raise RuntimeError("can't start new thread")
        begun.append(submit(*job))
        return begun[0]

    engine._threads.submit = refusing
    with pytest.raises(RuntimeError, match="new thread"):
        engine(batch())
    assert isinstance(begun[0].exception(timeout=10), threading.BrokenBarrierError)


def test_the_threads_end_with_the_engine():
    gc.disable()  # it would find them in time, and hide that somebody keeps them
    try:
        engine = Sliced(built(BatchNormalization(), Dropout(0.5)), objective(), 3, drawing=["dropout"])
        engine.module.train()
        engine(batch())
        threads = list(engine._threads._threads)
        assert len(threads) == 3
        del engine
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
    finally:
        gc.enable()


def test_twenty_steps_of_slices_end_where_those_of_whole_batches_end():
    ends = []
    for slices in (1, 4):
        module = built(BatchNormalization())
        module.train()
        engine = make_engine(Plan(2, slices=slices), module, objective(), [], [])
        step = Step(engine, SGD(0.1, momentum=0.9).build(list(module.parameters()), 0.1))
        for number in range(20):
            step(batch(10 + number % 3))
        ends.append(copy.deepcopy(module.state_dict()))
    for key, value in ends[0].items():
        torch.testing.assert_close(value, ends[1][key], rtol=0, atol=1e-9)


def test_a_gradient_that_lies_in_memory_otherwise_than_its_weight_moves_the_right_numbers():
    """Fused updates go through both as they lie in memory; that of a locally connected kernel comes transposed."""
    ends = []
    for slices in (1, 2):
        module = build(Network.sequential([LocallyConnected2D(3, 2, input_shape=(8, 8, 2)), Flatten(), Dense(3)]), 0)
        engine = make_engine(
            Plan(2, slices=slices), rewrite(module), Objective((Goal("", MeanSquaredError()),)), [], []
        )
        given = replace(batch(6, torch.float32), y=(torch.ones(6, 3),))
        Step(engine, SGD(0.5).build(list(module.parameters()), 0.5))(given)
        ends.append(list(module.parameters()))
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_the_comparison_would_notice_a_slice_that_counts_too_much():
    """The planted fault: the mean of the slices' means, which unequal slices make wrong."""
    module, given = built(), batch(10)
    engine = Sliced(module, objective(), 3)
    compute = engine._compute
    engine._compute = lambda place, part, share, seed: compute(place, part, 1 / 3, seed)
    engine(given)
    wrong = gradients(engine)
    Whole(module, objective())(given)
    assert any((one - weight.grad).abs().max() > 1e-6 for one, weight in zip(wrong, module.parameters(), strict=True))


def test_a_plan_without_slices_computes_whole_batches():
    engine = make_engine(Plan(1), built(), Objective((Goal("", MeanSquaredError()),)), [], [])
    assert isinstance(engine, Whole)


def test_an_optimizer_that_looks_twice_is_refused_slices():
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(VSGD(), "mean_squared_error")
    x, y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)
    with pytest.raises(ArgumentError, match="VSGD looks at each batch twice") as caught:
        model.fit(x, y, verbose=0, plan={"slices": 4})
    assert caught.value.sum == "slices = 4, compiler = 'none'"
    model.fit(x, y, verbose=0, plan={"slices": 1})


@pytest.mark.parametrize("slices", [1, 2])
def test_a_loss_that_no_trainable_weight_can_change_is_refused(slices):
    x = Input((3,))
    frozen, free = Dense(2, activation="softmax", trainable=False, name="a")(x), Dense(2, name="b")(x)
    model = Model(x, [frozen, free])
    model.compile("sgd", loss={"a": "sparse_categorical_crossentropy", "b": None})
    with pytest.raises(DeclarationError, match="no weight that can be trained has a part in what is learned"):
        model.fit(np.zeros((4, 3), np.float32), [np.zeros(4, int), None], verbose=0, plan={"slices": slices})
