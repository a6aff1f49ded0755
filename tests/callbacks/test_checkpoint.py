"""Saving while training."""

import pytest

from striate.callbacks import ModelCheckpoint
from striate.errors import ArgumentError, StorageError
from tests.callbacks.stage import Model, run

EPOCHS = [{"loss": value, "val_loss": value} for value in (0.5, 0.3, 0.4, 0.2)]


def saved(checkpoint, **arguments):
    return run([checkpoint], EPOCHS, **arguments).saved


def test_the_model_is_saved_after_every_epoch(tmp_path):
    assert saved(ModelCheckpoint(str(tmp_path / "last.striate"))) == [
        ("model", "last.striate", float(epoch)) for epoch in (1, 2, 3, 4)
    ]


def test_only_the_best_is_saved_if_wished(tmp_path):
    found = saved(ModelCheckpoint(tmp_path / "best.striate", save_best_only=True))
    assert [weight for _, _, weight in found] == [1, 2, 4]


def test_there_may_be_something_to_beat_from_the_beginning(tmp_path):
    found = saved(ModelCheckpoint(tmp_path / "best.striate", save_best_only=True, initial_value_threshold=0.3))
    assert [weight for _, _, weight in found] == [4]


def test_names_hold_the_epoch_counted_from_1_and_numbers(tmp_path):
    found = saved(ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.2f}.safetensors", save_weights_only=True))
    assert found[:2] == [("weights", "01-0.50.safetensors", 1.0), ("weights", "02-0.30.safetensors", 2.0)]


def test_it_can_save_after_some_batches_across_epochs(tmp_path):
    found = saved(ModelCheckpoint(tmp_path / "{epoch}-{batch}.striate", save_freq=3), steps=2)
    assert [name for _, name, _ in found] == ["2-1.striate", "3-2.striate"]


def test_folders_are_made(tmp_path):
    run([ModelCheckpoint(tmp_path / "a" / "{epoch}" / "m.striate")], EPOCHS[:1])
    assert (tmp_path / "a" / "1").is_dir()


def test_it_can_be_used_again(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "m.striate", save_best_only=True)
    saved(checkpoint)
    assert len(saved(checkpoint)) == 3


def test_it_says_what_it_saves_if_wished(tmp_path, capsys):
    run([ModelCheckpoint(tmp_path / "m.striate", verbose=1)], EPOCHS[:1])
    assert capsys.readouterr().out == f"epoch 1: saved {tmp_path / 'm.striate'}\n"


def test_a_folder_that_cannot_be_made_is_told_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("")
    model = Model()
    with pytest.raises(StorageError, match="cannot make the folder"):
        run([ModelCheckpoint(tmp_path / "file" / "m.striate")], EPOCHS, model)
    assert model.weight == 0


def test_a_path_that_cannot_be_read_is_refused_at_once():
    with pytest.raises(ArgumentError, match="cannot be filled in"):
        ModelCheckpoint("m-{epoch.striate")


@pytest.mark.parametrize(
    "path", ["{accuracy:.2f}.striate", "{}.striate", "{epoch:x.y}.striate", "{epoch.real.no}.striate"]
)
def test_a_path_that_names_what_is_not_measured_is_told_what_is(tmp_path, path):
    with pytest.raises(ArgumentError, match="cannot be filled in") as caught:
        run([ModelCheckpoint(tmp_path / path)], EPOCHS)
    assert "known: epoch, loss, val_loss" in caught.value.sum


def test_what_is_only_measured_after_an_epoch_cannot_be_watched_within_one(tmp_path):
    with pytest.raises(ArgumentError, match="watches 'val_loss'"):
        run([ModelCheckpoint(tmp_path / "m.striate", save_best_only=True, save_freq=1)], EPOCHS)
