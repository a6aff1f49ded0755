"""What a run says when its numbers are no longer finite, and what evaluation counts."""

import re
from contextlib import nullcontext

import numpy as np
import pytest

import striate as keras
from striate.callbacks import Callback
from striate.errors import NonFiniteError
from striate.initializers import Constant
from striate.layers import Dense
from striate.optimizers import SGD, ExponentialMovingAverage
from striate.regularizers import L2

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
