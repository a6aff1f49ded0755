import pytest

import striate
from striate import catalog, optimizers
from striate.errors import ArgumentError, UnknownNameError


@pytest.fixture(autouse=True)
def _shelf_kept():
    before = dict(catalog._shelves["optimizers"])
    yield
    catalog._shelves["optimizers"].clear()
    catalog._shelves["optimizers"].update(before)


@pytest.mark.parametrize("name", ["SGD", "Sgd", "adam_w"])
def test_a_users_class_cannot_take_the_name_of_a_concept_of_striate(name):
    before = catalog.members("optimizers")
    with pytest.raises(ArgumentError, match="means striate's own") as caught:
        type(name, (optimizers.SGD,), {"__module__": __name__})
    assert caught.value.fix == f"class My{name}(...)"
    assert catalog.members("optimizers") == before


def test_a_users_class_of_another_name_is_found_and_may_be_declared_again():
    for _ in range(2):
        own = type("MySGD", (optimizers.SGD,), {"__module__": __name__})
        assert catalog.find("optimizers", "my_sgd") is own


@pytest.mark.parametrize(
    ("shelf", "name", "right"),
    [
        ("losses", "BinaryCrossEntropy", "BinaryCrossentropy"),
        ("layers", "Conv2d", "Conv2D"),
        ("optimizers", "ADAM", "Adam"),
    ],
)
def test_a_shelf_asked_for_a_name_it_does_not_have_names_the_nearest(shelf, name, right):
    with pytest.raises(UnknownNameError) as caught:
        getattr(getattr(striate, shelf), name)
    assert caught.value.fix == f"did you mean {right!r}?"
    assert not hasattr(getattr(striate, shelf), name), "it is an AttributeError, as Python expects of a module"


def test_python_may_ask_a_shelf_for_names_of_its_own():
    with pytest.raises(AttributeError) as caught:
        _ = striate.losses.__wrapped__  # ty: ignore[missing-attribute]
    assert not isinstance(caught.value, UnknownNameError)
