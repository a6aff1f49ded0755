"""What is remembered of a run, in memory and in a file."""

import csv
from typing import Any

import pytest

from striate.callbacks import CSVLogger, History
from striate.errors import ArgumentError, StorageError
from tests.callbacks.stage import Model, run

EPOCHS = [{"loss": 0.5, "val_loss": 0.75}, {"loss": 0.25, "val_loss": 0.5}]


def test_a_history_holds_a_list_for_every_number_the_epochs_and_the_run():
    history = History()
    run([history], EPOCHS)
    assert history.history == {"loss": [0.5, 0.25], "val_loss": [0.75, 0.5]}
    assert history.epoch == [0, 1]
    assert history.params["epochs"] == 2


def test_a_new_history_is_empty():
    assert (History().history, History().epoch, History().params) == ({}, [], {})


def test_a_history_used_again_begins_anew():
    history = History()
    run([history], EPOCHS)
    run([history], EPOCHS[:1])
    assert history.history == {"loss": [0.5], "val_loss": [0.75]}


def test_a_notebook_shows_it_as_a_table_with_a_gap_where_nothing_was_measured():
    history = History()
    run([history], [{"loss": 0.5}, {"loss": 0.25, "<b>": 1.0}])
    assert history._repr_html_() == (
        "<table><tr><th>epoch</th><th>loss</th><th>&lt;b&gt;</th></tr>"
        "<tr><td>0</td><td>0.5</td><td></td></tr><tr><td>1</td><td>0.25</td><td>1</td></tr></table>"
    )


def rows(path, separator=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_log_has_a_row_for_every_epoch(tmp_path):
    run([CSVLogger(str(tmp_path / "log.csv"))], EPOCHS)
    assert rows(tmp_path / "log.csv") == [["epoch", "loss", "val_loss"], ["0", "0.5", "0.75"], ["1", "0.25", "0.5"]]


def test_a_row_is_there_as_soon_as_its_epoch_ends(tmp_path):
    log = CSVLogger(tmp_path / "log.csv")
    log.on_train_begin()
    log.on_epoch_end(0, {"loss": 0.5})
    assert rows(tmp_path / "log.csv") == [["epoch", "loss"], ["0", "0.5"]]


def test_a_number_that_comes_later_has_a_column_in_every_row(tmp_path):
    run([CSVLogger(tmp_path / "log.csv")], [{"loss": 0.5}, *EPOCHS[1:]])
    assert rows(tmp_path / "log.csv") == [["epoch", "loss", "val_loss"], ["0", "0.5", ""], ["1", "0.25", "0.5"]]


def test_a_log_that_is_there_is_replaced_or_gone_on_with(tmp_path):
    path = tmp_path / "log.csv"
    run([CSVLogger(path)], EPOCHS)
    run([CSVLogger(path)], [{"loss": 9.0}])
    assert rows(path) == [["epoch", "loss"], ["0", "9.0"]]
    run([CSVLogger(path, append=True)], EPOCHS[:1])
    assert rows(path) == [["epoch", "loss", "val_loss"], ["0", "9.0", ""], ["0", "0.5", "0.75"]]


def test_going_on_with_nothing_begins(tmp_path):
    run([CSVLogger(tmp_path / "log.csv", append=True)], EPOCHS[:1])
    (tmp_path / "empty.csv").write_text("")
    run([CSVLogger(tmp_path / "empty.csv", append=True)], EPOCHS[:1])
    assert rows(tmp_path / "log.csv") == rows(tmp_path / "empty.csv")
    assert len(rows(tmp_path / "log.csv")) == 2


def test_cells_may_be_parted_otherwise(tmp_path):
    run([CSVLogger(tmp_path / "log.csv", separator=";")], EPOCHS)
    assert rows(tmp_path / "log.csv", ";")[1] == ["0", "0.5", "0.75"]
    two: Any = "::"
    with pytest.raises(ArgumentError, match="separator must be"):
        CSVLogger("log.csv", separator=two)


def test_a_path_that_cannot_be_written_is_told_before_the_first_step(tmp_path):
    model = Model()
    with pytest.raises(StorageError, match="cannot write"):
        run([CSVLogger(tmp_path / "nowhere" / "log.csv")], EPOCHS, model)
    assert model.weight == 0


@pytest.mark.parametrize("content", [b"name,age\nann,3\n", b"epoch,loss\n0,1,2\n", b"\xff\xfe\x00", b'epoch\n"a" b\n'])
def test_a_file_of_another_kind_is_not_touched(tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="cannot go on with"):
        run([CSVLogger(path, append=True)], EPOCHS)
    assert path.read_bytes() == content
