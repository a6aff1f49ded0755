"""What it takes to write a callback of one's own."""

from dataclasses import dataclass
from typing import Any

import pytest

from striate import catalog
from striate.callbacks import Callback, say
from striate.errors import ArgumentError
from tests.callbacks.stage import run


@pytest.fixture(autouse=True)
def _shelf_as_it_was():
    before = catalog.members("callbacks")
    yield
    for name in catalog.members("callbacks").keys() - before.keys():
        del catalog._shelves["callbacks"][name]


def test_a_plain_subclass_with_arguments_of_its_own_works_as_in_keras():
    class Own(Callback):
        def __init__(self, heard, offset=0):
            self.heard, self.offset = heard, offset

        def on_epoch_end(self, epoch, logs=None):
            self.heard.append((epoch + self.offset, (logs or {}).get("loss"), self.params["epochs"]))

    heard = []
    run([Own(heard, offset=10)], [{"loss": 0.5}, {"loss": 0.25}])
    assert heard == [(10, 0.5, 2), (11, 0.25, 2)]


def test_a_declared_subclass_has_its_arguments_checked():
    @dataclass(eq=False)
    class Declared(Callback):
        every: int = 1

    assert repr(Declared(every=3)) == "Declared(every=3)"
    wrongly: Any = Declared
    with pytest.raises(ArgumentError, match="did you mean 'every'"):
        wrongly(evry=3)
    with pytest.raises(ArgumentError, match="every must be a whole number"):
        wrongly(every="often")


def test_two_equal_callbacks_are_two():
    assert Callback() != Callback()
    assert len({Callback(), Callback()}) == 2


def test_what_is_said_is_one_line_however_long_and_strange(capsys):
    say("[bold]" + "x" * 300)
    assert capsys.readouterr().out == "[bold]" + "x" * 300 + "\n"
