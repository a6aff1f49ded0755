import pytest

from striate import catalog, optimizers
from striate.errors import ArgumentError


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
