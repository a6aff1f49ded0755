"""The number that is watched: which way is better, and what is said when there is none."""

import math

import pytest

from striate.callbacks import Callback, EarlyStopping, Monitor
from striate.errors import ArgumentError
from striate.metrics import MeanAbsoluteError, SparseCategoricalAccuracy
from tests.callbacks.stage import Model


def monitor(name, mode="auto", **arguments):
    watcher = EarlyStopping()
    watcher.set_model(Model([MeanAbsoluteError(name="off"), SparseCategoricalAccuracy(name="hits")]))
    return Monitor(watcher, name, mode, **arguments)


def test_smaller_or_larger_is_better_by_the_mode():
    assert [monitor("x", "min").improved(value) for value in (3, 2)] == [True, True]
    falling, rising = monitor("x", "min"), monitor("x", "max")
    assert [falling.improved(value) for value in (0.5, 0.6, 0.5, 0.4)] == [True, False, False, True]
    assert [rising.improved(value) for value in (0.5, 0.4, 0.5, 0.6)] == [True, False, False, True]


def test_what_counts_as_better_must_be_so_by_more_than_the_least_difference():
    falling = monitor("x", "min", min_delta=0.25)
    assert [falling.improved(value) for value in (1.0, 0.75, 0.5)] == [True, False, True]


def test_what_is_no_number_is_never_better():
    falling = monitor("x", "min")
    assert [falling.improved(value) for value in (math.nan, 1.0, math.nan, 0.5)] == [False, True, False, True]


def test_there_may_be_something_to_beat_from_the_beginning():
    assert [monitor("x", "max", best=0.9).improved(value) for value in (0.8, 0.95)] == [False, True]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("off", "min"),
        ("val_off", "min"),
        ("val_hits", "max"),
    ],
)
def test_the_way_of_losses_and_metrics_is_known(name, mode):
    assert monitor(name).mode == mode


def test_the_way_of_other_numbers_is_asked_for():
    with pytest.raises(ArgumentError, match="whether 'speed' should rise or fall") as caught:
        monitor("speed")
    assert caught.value.fix == 'mode="max" or mode="min"'


def test_a_number_that_is_not_measured_is_told_with_those_that_are():
    with pytest.raises(ArgumentError, match="EarlyStopping watches 'val_lss'") as caught:
        monitor("val_lss", "min").read({"loss": 1.0, "val_loss": 2.0})
    assert caught.value.sum == "known: loss, val_loss"
    assert caught.value.fix == "did you mean 'val_loss'?"


def test_without_validation_the_fix_says_how_to_validate():
    with pytest.raises(ArgumentError) as caught:
        monitor("val_loss").read({"loss": 1.0})
    assert "validation_split" in caught.value.fix


def test_an_epoch_that_is_not_validated_on_purpose_is_passed_over():
    watched = monitor("val_loss")
    watched.watcher.set_params({"validation_freq": 2})
    assert watched.read({"loss": 1.0}) is None
    assert watched.read({"loss": 1.0, "val_loss": 2.0}) == 2.0
    with pytest.raises(ArgumentError):
        watched.read({"loss": 1.0, "val_accuracy": 0.5})


def test_a_watcher_that_was_told_nothing_yet_is_no_problem():
    assert Monitor(Callback(), "loss", "auto").read({"loss": 1.0}) == 1.0
