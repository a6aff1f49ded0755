"""Callbacks made of the user's own functions."""

import math
from typing import Any

import pytest

from striate.callbacks import LambdaCallback, LearningRateScheduler
from striate.errors import ArgumentError
from striate.optimizers import SGD
from tests.callbacks.stage import Model, run

EPOCHS = [{"loss": 0.5}, {"loss": 0.25}]


def test_functions_are_called_at_their_events_and_nothing_else_happens():
    said = []
    run(
        [
            LambdaCallback(
                on_train_begin=lambda *_: said.append("begin"),
                on_epoch_begin=lambda epoch, *_: said.append(f"epoch {epoch}"),
                on_train_batch_end=lambda batch, logs: said.append(f"batch {batch} {logs['loss']}"),
                on_epoch_end=None,
            )
        ],
        EPOCHS,
        steps=1,
    )
    assert said == ["begin", "epoch 0", "batch 0 0.5", "epoch 1", "batch 0 0.25"]


def test_without_functions_it_does_nothing():
    run([LambdaCallback()], EPOCHS)


def test_an_event_that_does_not_exist_is_told_the_nearest():
    with pytest.raises(ArgumentError, match="nothing is called 'on_epoch_and'") as caught:
        LambdaCallback(on_epoch_and=print)
    assert caught.value.fix == "did you mean 'on_epoch_end'?"


def test_what_is_no_function_is_refused():
    word: Any = "print"
    with pytest.raises(ArgumentError, match="on_epoch_end must be a function, not 'print'"):
        LambdaCallback(on_epoch_end=word)


def rates(schedule):
    said, model = [], Model()
    told = LambdaCallback(on_epoch_begin=lambda *_: said.append(model.learning_rate))
    run([LearningRateScheduler(schedule), told], EPOCHS, model)
    return said


def test_a_function_of_epoch_and_rate_sets_the_rate():
    assert rates(lambda _, rate: rate / 2) == [0.05, 0.025]


def test_a_function_of_the_epoch_alone_does_as_well():
    assert rates(lambda epoch: 1 / (epoch + 1)) == [1.0, 0.5]


def test_whatever_can_be_called_is_a_function():
    class Halving:
        def __call__(self, epoch, rate=0.5):
            return rate / 2

    assert rates(Halving()) == [0.05, 0.025]


def test_an_error_inside_the_function_is_not_hidden():
    def broken(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        rates(broken)


@pytest.mark.parametrize("value", [None, "fast", -1.0, 0.0, math.nan, math.inf])
def test_what_is_no_rate_is_refused_with_the_epoch(value):
    with pytest.raises(ArgumentError, match="for epoch 0, which is no learning rate"):
        rates(lambda _: value)


def test_two_masters_of_the_rate_are_refused():
    model = Model()
    model.optimizer = SGD("cosine_decay")
    with pytest.raises(ArgumentError, match="the optimizer has a schedule already"):
        run([LearningRateScheduler(lambda _: 0.1)], EPOCHS, model)
    model.optimizer = SGD(0.1)
    run([LearningRateScheduler(lambda _: 0.1)], EPOCHS, model)


def test_it_says_each_rate_if_wished(capsys):
    run([LearningRateScheduler(lambda _: 0.125, verbose=1)], EPOCHS)
    assert capsys.readouterr().out == "epoch 1: learning rate 0.125\nepoch 2: learning rate 0.125\n"


def test_the_rate_is_logged_where_the_run_does_not_log_it_itself():
    logs = {}
    scheduler = LearningRateScheduler(lambda _: 0.3)
    scheduler.set_model(Model())
    scheduler.on_epoch_begin(0)
    scheduler.on_epoch_end(0, logs)
    assert logs == {"learning_rate": 0.3}
