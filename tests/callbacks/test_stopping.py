"""Callbacks that end a run."""

import math

import pytest

from striate.callbacks import EarlyStopping, TerminateOnNaN
from striate.errors import ArgumentError
from tests.callbacks.stage import Model, run
from tests.parity import keras


def losses(*values):
    return [{"loss": value, "val_loss": value} for value in values]


def test_a_run_that_no_longer_improves_ends_and_goes_back_to_its_best_weights():
    stop = EarlyStopping(patience=2)
    model = run([stop], losses(0.5, 0.3, 0.4, 0.35, 0.2))
    assert (stop.best_epoch, stop.stopped_epoch, stop.wait) == (1, 3, 2)
    assert model.weight == 2  # as it was after epoch 1, counted from 0


def test_a_run_that_improves_to_the_end_goes_its_whole_length():
    stop = EarlyStopping()
    model = run([stop], losses(0.5, 0.4, 0.3))
    assert (stop.best_epoch, stop.stopped_epoch) == (2, 0)
    assert model.weight == 3


def test_a_run_that_ends_by_itself_goes_back_as_well():
    assert run([EarlyStopping(patience=9)], losses(0.5, 0.3, 0.4)).weight == 2


def test_the_last_weights_are_kept_if_wished():
    assert run([EarlyStopping(restore_best_weights=False)], losses(0.5, 0.3, 0.4, 0.2)).weight == 3


def test_improvement_too_small_is_none():
    stop = EarlyStopping(patience=1, min_delta=0.1)
    run([stop], losses(0.5, 0.45, 0.3))
    assert stop.stopped_epoch == 1


def test_an_accuracy_should_rise():
    stop = EarlyStopping("accuracy")
    run([stop], [{"accuracy": value} for value in (0.5, 0.7, 0.6)])
    assert (stop.best_epoch, stop.stopped_epoch) == (1, 2)


def test_first_epochs_may_be_left_out():
    stop = EarlyStopping(start_from_epoch=2)
    run([stop], losses(0.1, 0.9, 0.5, 0.4, 0.6))
    assert (stop.best_epoch, stop.stopped_epoch) == (3, 4)


def test_a_loss_that_is_no_number_is_no_improvement():
    stop = EarlyStopping(patience=2)
    model = run([stop], losses(0.5, math.nan, math.nan))
    assert (stop.best_epoch, model.weight) == (0, 1)


def test_it_can_be_used_again():
    stop = EarlyStopping()
    run([stop], losses(0.1, 0.2))
    run([stop], losses(0.9, 0.8, 0.7))
    assert (stop.best_epoch, stop.stopped_epoch) == (2, 0)


def test_it_says_what_it_does_if_wished(capsys):
    run([EarlyStopping(patience=1, verbose=1)], losses(0.3, 0.4))
    assert capsys.readouterr().out == "stopped early after epoch 2; weights of epoch 1 restored\n"


def test_what_is_not_measured_ends_the_run_with_what_is():
    with pytest.raises(ArgumentError, match="EarlyStopping watches 'val_loss'"):
        run([EarlyStopping()], [{"loss": 0.5}])


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"patience": 1},
        {"patience": 2, "min_delta": 0.05},
        {"patience": 2, "baseline": 0.25},
        {"patience": 1, "start_from_epoch": 2},
        {"patience": 3, "mode": "max"},
    ],
)
def test_runs_end_where_keras_ends_them(arguments):
    values = (0.5, 0.48, 0.3, 0.31, 0.29, 0.35, 0.36, 0.24, 0.26, 0.25, 0.27)

    def theirs():
        stop = keras.callbacks.EarlyStopping(**{"mode": "min", **arguments}, restore_best_weights=True)
        model = Model()
        stop.set_model(model)
        return stop, run_keras(stop, model)

    def run_keras(stop, model):
        stop.on_train_begin()
        for epoch, value in enumerate(values):
            model.weight = epoch + 1
            stop.on_epoch_end(epoch, {"val_loss": value})
            if model.stop_training:
                break
        stop.on_train_end()
        return model

    ours = EarlyStopping(**arguments)
    model = run([ours], losses(*values))
    stop, expected = theirs()
    assert (ours.stopped_epoch, ours.best_epoch, model.weight) == (stop.stopped_epoch, stop.best_epoch, expected.weight)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_mean_loss_that_is_no_number_ends_the_run(value):
    model = run([TerminateOnNaN()], [{"loss": 1.0}, {"loss": value}, {"loss": 1.0}])
    assert model.stop_training
    assert model.weight == 1.5  # the first step of the second epoch


def test_a_finite_loss_ends_nothing():
    assert not run([TerminateOnNaN()], [{"loss": 1e30}, {}]).stop_training
