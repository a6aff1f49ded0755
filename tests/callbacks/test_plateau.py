"""Callbacks that lower the learning rate once a number no longer improves."""

import math
from types import SimpleNamespace

import pytest

from striate.callbacks import HalveAndGoBack, LambdaCallback, ReduceLROnPlateau
from striate.errors import ArgumentError
from striate.optimizers import SGD
from tests.callbacks.stage import Model, run
from tests.parity import keras

BOTH = pytest.mark.parametrize("concept", [ReduceLROnPlateau, HalveAndGoBack])


def losses(*values):
    return [{"loss": value, "val_loss": value} for value in values]


def rates(callback, epochs):
    """The rate of every epoch, and the model at the end."""
    found, model = [], Model()
    run([callback, LambdaCallback(on_epoch_begin=lambda *_: found.append(model.learning_rate))], epochs, model)
    return [*found, model.learning_rate], model


# A lower rate


def test_the_rate_falls_once_patience_is_over_and_the_weights_stay():
    lower = ReduceLROnPlateau(factor=0.5, patience=2)
    found, model = rates(lower, losses(0.5, 0.6, 0.6, 0.6, 0.6))
    assert found == [0.1, 0.1, 0.1, 0.05, 0.05, 0.025]
    assert model.weight == 5


def test_epochs_of_cooling_down_do_not_count():
    found, _ = rates(ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2), losses(0.5, 0.6, 0.6, 0.6, 0.6))
    assert found == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]


def test_the_rate_stays_above_its_bound():
    found, _ = rates(ReduceLROnPlateau(factor=0.5, patience=1, min_lr=0.04), losses(0.5, 0.6, 0.6, 0.6))
    assert found == [0.1, 0.1, 0.05, 0.04, 0.04]


def test_the_new_rate_is_said_if_wished(capsys):
    run([ReduceLROnPlateau(patience=1, verbose=1)], losses(0.5, 0.625))
    assert capsys.readouterr().out == "epoch 2: val_loss 0.625, best 0.5; learning rate 0.1 -> 0.01\n"


@pytest.mark.parametrize(
    "arguments",
    [
        {"patience": 1},
        {"patience": 2, "factor": 0.3},
        {"patience": 2, "min_delta": 0.05},
        {"patience": 1, "cooldown": 2},
        {"patience": 2, "cooldown": 1, "min_lr": 0.02, "factor": 0.5},
        {"patience": 0, "mode": "max"},
    ],
)
def test_the_rates_are_those_of_keras(arguments):
    values = (0.5, 0.48, 0.3, 0.31, 0.29, 0.35, 0.36, 0.24, 0.26, 0.25, 0.27, 0.3)
    theirs = keras.callbacks.ReduceLROnPlateau(**{"mode": "min", **arguments})
    optimizer = SimpleNamespace(learning_rate=0.1)
    theirs.set_model(SimpleNamespace(optimizer=optimizer))
    theirs.on_train_begin()
    expected = [0.1]
    for epoch, value in enumerate(values):
        theirs.on_epoch_end(epoch, {"val_loss": value})
        expected.append(optimizer.learning_rate)
    found, _ = rates(ReduceLROnPlateau(**arguments), losses(*values))
    assert len(set(expected)) > 1
    assert found == pytest.approx(expected)


# Half the rate, and back


def test_what_no_longer_improves_goes_back_to_the_best_state_at_half_the_rate():
    """Lecture 003 L479-480: maintain until the validation error stops improving; divide by 2 and go back."""
    back = HalveAndGoBack()
    found, model = rates(back, losses(0.5, 0.3, 0.4))
    assert found == [0.1, 0.1, 0.1, 0.05]
    assert (model.weight, model.momentum, model.statistic) == (2, 2, 2)  # as they were after epoch 1, counted from 0
    assert back.best_epoch == 1


def test_what_improves_goes_on_as_it_is():
    found, model = rates(HalveAndGoBack(), losses(0.5, 0.4, 0.3))
    assert (set(found), model.weight) == ({0.1}, 3)


def test_without_improvement_the_rate_is_halved_again_and_again_from_the_same_state():
    """The state holds the rate of its own epoch, which must not come back with it."""
    found, model = rates(HalveAndGoBack(), losses(0.5, 0.6, 0.6, 0.6))
    assert found == [0.1, 0.1, 0.05, 0.025, 0.0125]
    assert model.weight == 1


def test_a_better_state_reached_at_the_lower_rate_is_the_one_to_go_back_to():
    found, model = rates(HalveAndGoBack(), losses(0.5, 0.6, 0.4, 0.45))
    assert found == [0.1, 0.1, 0.05, 0.05, 0.025]
    assert model.weight == 3


def test_it_waits_as_long_as_it_is_told_to():
    found, model = rates(HalveAndGoBack(patience=2), losses(0.5, 0.6, 0.4, 0.5, 0.5, 0.5))
    assert found == [0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]
    assert model.weight == 6  # one epoch after the state to which it went back


def test_improvement_too_small_is_none():
    assert rates(HalveAndGoBack(min_delta=0.1), losses(0.5, 0.45))[0][-1] == 0.05


def test_an_accuracy_should_rise_and_another_factor_may_be_given():
    back = HalveAndGoBack("accuracy", factor=0.1)
    found, model = rates(back, [{"accuracy": value} for value in (0.5, 0.7, 0.6)])
    assert found[-1] == pytest.approx(0.01)
    assert model.weight == 2


def test_at_the_lowest_rate_the_run_goes_on_from_where_it_is():
    found, model = rates(HalveAndGoBack(min_learning_rate=0.04), losses(0.5, 0.6, 0.6, 0.6, 0.6))
    assert found == [0.1, 0.1, 0.05, 0.04, 0.04, 0.04]
    assert model.weight == 5


def test_a_run_that_never_gives_a_number_goes_back_to_its_beginning():
    found, model = rates(HalveAndGoBack(), losses(math.nan))
    assert (found, model.weight) == ([0.1, 0.05], 0)


def test_epochs_without_validation_are_not_judged():
    epochs = [{"loss": 1.0}, *losses(0.5), {"loss": 1.0}, *losses(0.6)]
    back, model = HalveAndGoBack(), Model()
    run([back], epochs, model, validation_freq=2)
    assert (model.weight, model.learning_rate, back.best_epoch) == (2, 0.05, 1)


def test_it_can_be_used_again():
    back = HalveAndGoBack()
    run([back], losses(0.1, 0.2))
    found, model = rates(back, losses(0.9, 0.8))
    assert (set(found), model.weight, back.best_epoch) == ({0.1}, 2, 1)


def test_it_says_where_it_goes_back_to_if_wished(capsys):
    run([HalveAndGoBack(verbose=1)], losses(0.5, 0.25, 0.75))
    assert capsys.readouterr().out == (
        "epoch 3: val_loss 0.75, best 0.25; back to epoch 2, learning rate 0.1 -> 0.05\n"
    )
    run([HalveAndGoBack(verbose=1)], losses(math.nan))
    assert capsys.readouterr().out == (
        "epoch 1: val_loss nan, best none; back to the beginning, learning rate 0.1 -> 0.05\n"
    )


# Both


@BOTH
def test_what_is_not_measured_ends_the_run_with_what_is(concept):
    with pytest.raises(ArgumentError, match=f"{concept.__name__} watches 'val_loss'"):
        run([concept()], [{"loss": 0.5}])


@BOTH
def test_a_schedule_beside_it_is_refused_before_the_first_step(concept):
    model = Model()
    model.optimizer = SGD("cosine_decay")
    with pytest.raises(ArgumentError, match=f"{concept.__name__}: the optimizer has a schedule already"):
        run([concept()], losses(0.5), model)
    assert model.weight == 0


@BOTH
def test_a_schedule_given_to_fit_is_refused_before_the_first_step(concept):
    """fit's own schedule is no part of the optimizer; the model then refuses every rate that is set."""

    class Scheduled(Model):
        def __setattr__(self, name, value):
            if name == "learning_rate" and hasattr(self, name):
                raise ArgumentError("a schedule sets the rate of every step")
            super().__setattr__(name, value)

    model = Scheduled()
    with pytest.raises(ArgumentError, match="a schedule sets the rate"):
        run([concept()], losses(0.5), model)
    assert model.weight == 0


@BOTH
@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0, -0.5])
def test_a_factor_that_does_not_lower_the_rate_to_another_is_refused(concept, factor):
    with pytest.raises(ArgumentError, match=f"{concept.__name__}: factor must be"):
        concept(factor=factor)
