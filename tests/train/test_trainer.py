"""What a run says when its numbers are no longer finite, and what evaluation counts."""

import re
from contextlib import nullcontext

import numpy as np
import pytest
import torch

import striate as keras
from striate.callbacks import Callback, LambdaCallback, ModelCheckpoint, TerminateOnNaN
from striate.errors import ArgumentError, NonFiniteError
from striate.initializers import Constant
from striate.layers import Dense
from striate.optimizers import SGD, Adagrad, Adam, AdaSecant, ExponentialMovingAverage, Muon, Ranger, RMSprop
from striate.regularizers import L2
from striate.train import CPU
from striate.train.trainer import _Ahead

X, Y = np.linspace(-1, 1, 64, dtype=np.float32).reshape(32, 2), np.zeros((32, 1), np.float32)


def line(rate=0.1, **changes):
    model = keras.Sequential([Dense(1, input_shape=(2,), **changes)], seed=0)
    model.compile(SGD(rate), "mean_squared_error")
    return model


def fitted(model, x=X, y=Y, **more):
    return model.fit(x, y, 8, 20, verbose=0, plan="exact", **more)


@pytest.mark.parametrize(
    ("model", "x", "where", "cause", "fix"),
    [
        (line(1e30), X, "epoch 0, batch [12]", r"learning rate 1e\+30, largest weight .*: too high a rate", r"=1e\+29"),
        (line(), X * 1e30, "epoch 0, batch 0", r"the images reach 9\.37e\+29: nobody scaled them", "standardise"),
        (line(kernel_initializer=Constant(3e37)), X * 100, "epoch 0, batch 0", "too high a rate", "scaled"),
    ],
    ids=["a high rate", "images that are not scaled", "huge weights"],
)
def test_the_likely_cause_is_named_and_the_weights_stay_finite(model, x, where, cause, fix):
    with pytest.raises(NonFiniteError, match=where) as caught:
        fitted(model, x)
    assert "that step was not applied" in caught.value.what
    assert re.search(cause, caught.value.sum)
    assert re.search(fix, caught.value.fix)
    assert all(np.isfinite(each).all() for each in model.get_weights())


def test_weights_that_were_broken_from_the_beginning_are_not_blamed_on_the_rate():
    model = line()
    model.set_weights([np.full((2, 1), np.inf, np.float32), np.zeros(1, np.float32)])
    with pytest.raises(NonFiniteError) as caught:
        fitted(model)
    assert caught.value.sum == "a weight is NaN or Inf from the beginning"


def test_the_penalty_is_part_of_every_loss_so_that_they_can_be_compared():
    model = line(0.0001, kernel_initializer=Constant(2.0), kernel_regularizer=L2(0.5), use_bias=False)
    x, y = np.zeros((8, 2), np.float32), np.zeros((8, 1), np.float32)
    assert model.evaluate(x, y) == pytest.approx(0.5 * (4 + 4))
    history = fitted(model, x, y, validation_data=(x, y)).history
    kernel = model.get_weights()[0]
    assert history["val_loss"][-1] == pytest.approx(0.5 * float((kernel**2).sum()), rel=1e-6)
    assert history["loss"][-1] == pytest.approx(history["val_loss"][-2], rel=1e-3)


def test_a_batch_that_was_made_ahead_is_not_made_again():
    made = []
    ahead = _Ahead(iter(made.append(number) or number for number in range(4)))
    seen = []
    for number in ahead:
        seen.append((number, list(made)))
        if number != 1:
            ahead.make()
    assert seen == [(0, [0]), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 1, 2, 3])]


class Counts(Callback):
    """Counts how often metrics are computed, which a GPU would have to be waited for."""

    wanted = False

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(dict(logs))

    def wants_metrics(self):
        return self.wanted


@pytest.mark.parametrize(("wanted", "keys"), [(False, {"loss"}), (True, {"loss", "mean_absolute_error"})])
def test_metrics_of_a_step_are_computed_where_somebody_looks_at_them(wanted, keys):
    model, callback = line(), Counts()
    model.compile(SGD(0.1), "mean_squared_error", metrics=["mean_absolute_error"])
    callback.wanted = wanted
    history = fitted(model, callbacks=callback).history
    assert {frozenset(logs) for logs in callback.seen} == {frozenset(keys)}
    assert "mean_absolute_error" in history


def test_who_hears_of_steps_wants_their_metrics_unless_it_says_otherwise():
    assert LambdaCallback(on_train_batch_end=lambda batch, logs: None).wants_metrics()
    assert not LambdaCallback(on_epoch_end=lambda epoch, logs: None).wants_metrics()
    assert not TerminateOnNaN().wants_metrics()
    assert [ModelCheckpoint("x", save_freq=each).wants_metrics() for each in ("epoch", 3)] == [False, True]


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(0.05, momentum=0.9),
        Adam(0.01),
        Adagrad(0.1),
        RMSprop(0.01),
        Muon(0.01),
        AdaSecant(),
        Ranger(0.01),
        ExponentialMovingAverage("adam"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_the_optimizer_remembers_goes_with_the_weights(optimizer):
    """From one device to another and back is to change nothing; here to the one where they are."""
    alone, moved = line(), line()
    for model in (alone, moved):
        model.compile(optimizer, "mean_squared_error")
        fitted(model)
        if model is moved:
            held = list(model.built.parameters())
            model._move(CPU)
            assert all(one is other for one, other in zip(held, model.built.parameters(), strict=True))
        fitted(model)
    for one, other in zip(alone.get_weights(), moved.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_device_that_is_not_there_is_told_before_anything_is_done(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    model = line()
    with pytest.raises(ArgumentError, match="there is no device cuda"):
        model.fit(X, Y, device="cuda", verbose=0)
    assert model.history is None
    assert model._built is None


@pytest.mark.parametrize("event", ["on_train_batch_end", "on_epoch_end"])
def test_a_run_that_a_callback_ends_by_an_error_ends_with_the_averages_too(event):
    class Failing(Callback):
        def fail(self, number, logs=None):
            if event == "on_epoch_end" or number == 3:
                raise OSError("no space left")

    setattr(Failing, event, Failing.fail)
    found = []
    for callbacks in ([], [Failing()]):
        model = line()
        model.compile(ExponentialMovingAverage(SGD(0.1), momentum=0.5), "mean_squared_error")
        with pytest.raises(OSError, match="space") if callbacks else nullcontext():
            model.fit(X, Y, 8, 1, verbose=0, plan="exact", callbacks=callbacks)
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        assert (one == other).all()


def test_functions_are_given_the_arguments_that_keras_gives_them():
    """(logs) at the begin and end of a run, (epoch, logs) and (batch, logs) within; on_interrupt and on_notice are ours."""
    told, wanted = set(), set()
    events = [name for name in vars(Callback) if name.startswith("on_") and name not in ("on_interrupt", "on_notice")]

    def of_a_run(event):
        return lambda logs: told.add((event, type(logs)))

    def within(event):
        return lambda number, logs: told.add((event, type(logs)))

    functions = {event: (within if "epoch" in event or "batch" in event else of_a_run)(event) for event in events}
    wanted = {(event, dict) for event in events}
    callback, model = LambdaCallback(**functions), line()
    model.fit(X, Y, 8, 1, verbose=0, plan="exact", callbacks=[callback], validation_data=(X, Y))
    model.predict(X, callbacks=[callback])
    assert told == wanted
