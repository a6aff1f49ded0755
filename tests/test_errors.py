"""The one form of a message, the tree of its kinds, and which known name a slip most likely means."""

import pickle

import pytest

from striate import errors
from striate.errors import (
    ArgumentError,
    NonFiniteError,
    RecipeError,
    ShapeError,
    StriateError,
    UnknownNameError,
    nearest,
    printable,
)


def test_a_message_has_what_where_sum_and_fix_in_this_order():
    error = ShapeError("it does not fit", fix="a larger map", sum="4 < 5", where="layer 1")
    assert str(error) == "it does not fit\n  where : layer 1\n  sum   : 4 < 5\n  fix   : a larger map"


def test_what_has_nothing_to_add_is_left_out():
    assert str(StriateError("no")) == "no"
    assert str(StriateError("no", fix="yes")) == "no\n  fix   : yes"


def test_the_second_line_of_a_part_stands_under_the_first():
    first, second = str(StriateError("no", sum="one\ntwo")).splitlines()[1:]
    assert first.index("one") == second.index("two")


def test_the_inner_place_is_told_first():
    error = ShapeError("no").at("layer 2").at("lenet.toml:31:3")
    assert error.where == "layer 2   lenet.toml:31:3"


def test_a_recipe_has_a_line_for_each_problem():
    error = RecipeError(iter(["a.toml:1:1 one", "a.toml:2:1 two"]))
    assert str(error) == "a.toml:1:1 one\na.toml:2:1 two"
    assert len(error.problems) == 2


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("DeclarationError", ValueError),
        ("ShapeError", ValueError),
        ("ArgumentError", TypeError),
        ("UnknownNameError", LookupError),
        ("AbsentNameError", AttributeError),
        ("RecipeError", ValueError),
        ("DataError", ValueError),
        ("StorageError", OSError),
        ("TrainingError", RuntimeError),
        ("NonFiniteError", RuntimeError),
        ("ProofError", ArithmeticError),
    ],
)
def test_every_kind_is_caught_as_python_would_have_it(kind, builtin):
    assert issubclass(getattr(errors, kind), builtin)
    assert issubclass(getattr(errors, kind), StriateError)
    assert f"{kind} " in errors.__doc__


def test_only_what_training_meets_ends_with_status_3():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StriateError)]
    assert {kind.__name__ for kind in kinds if kind.status == 3} == {"TrainingError", "NonFiniteError", "LostError"}
    assert {kind.__name__ for kind in kinds if kind.status == 1} == {"ProofError"}, "a mistake in code, not in input"
    assert {kind.status for kind in kinds} == {1, 2, 3}
    assert NonFiniteError("nan").status == 3


def test_an_error_of_the_disk_says_what_and_not_a_number():
    error = errors.StorageError("no room", fix="some room")
    assert str(error) == "no room\n  fix   : some room"
    assert error.errno is None


def test_an_unknown_name_comes_with_the_nearest_and_the_known_ones():
    error = UnknownNameError("layer", "Conv2", ["Dense", "Conv2D"], where="outputs")
    assert str(error) == (
        "no layer is called 'Conv2'\n  where : outputs\n  sum   : known: Conv2D, Dense\n  fix   : did you mean 'Conv2D'?"
    )
    assert UnknownNameError("layer", "zzz", iter(["Dense"])).fix == "one of the known names"


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("stride", "strides"),
        ("Padding", "padding"),
        ("kernelsize", "kernel_size"),
        ("kernel_Size", "kernel_size"),
        ("qqq", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case_and_underscores(slip, meant):
    assert nearest(slip, iter(["strides", "padding", "kernel_size"])) == meant


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("zwei Wörter 猫", "zwei Wörter 猫"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\udcff", "\\udcff"),
        ("5\u202f000", "5\u202f000"),
        ("\u202eevil", "\\u202eevil"),
        (7, "7"),
    ],
)
def test_what_no_terminal_should_be_given_is_escaped(text, shown):
    assert printable(text) == shown


def test_a_long_text_is_cut_to_its_limit():
    assert printable("x" * 120) == "x" * 120
    assert printable("x" * 121) == "x" * 119 + "…"
    assert printable("abcdef", 4) == "abc…"


def test_an_error_survives_the_way_out_of_another_process():
    again = pickle.loads(pickle.dumps(ArgumentError("no", where="here", sum="1 > 0", fix="yes")))  # noqa: S301
    assert str(again) == "no\n  where : here\n  sum   : 1 > 0\n  fix   : yes"
