"""The harness of the contract tests catches what it is for."""

from dataclasses import dataclass

import pytest

from striate import catalog
from striate.regularizers.base import Regularizer
from tests.contracts.declarations import check_names, check_refusals, check_repr, check_table, shelf_members, variants


def test_variants_differ_from_the_example_in_one_argument_each():
    l1l2 = shelf_members("regularizers")["L1L2"]
    assert [repr(one) for one in variants(l1l2)] == ["L1L2()", "L1L2(l1=0.25)", "L1L2(l2=0.25)"]


def test_what_tests_and_users_subclass_is_no_member_of_the_shelf():
    @dataclass(frozen=True)
    class Own(Regularizer):
        pass

    assert catalog.members("regularizers")["Own"] is Own
    assert "Own" not in shelf_members("regularizers")
    catalog._shelves["regularizers"].pop("Own")


@dataclass(frozen=True)
class _Careless(Regularizer, abstract=True):
    """Takes anything, and writes its argument down wrongly."""

    strength: float = 0.5

    def __post_init__(self) -> None:
        pass


def test_a_concept_that_checks_nothing_is_caught():
    with pytest.raises(pytest.fail.Exception):
        check_refusals(_Careless)


def test_a_concept_that_the_catalog_does_not_find_is_caught():
    with pytest.raises(LookupError):
        check_names(_Careless)


def test_a_concept_whose_repr_is_not_how_it_is_written_is_caught(monkeypatch):
    l2 = shelf_members("regularizers")["L2"]
    monkeypatch.setattr(l2, "__repr__", lambda _: "L2(l2=7)")
    with pytest.raises(AssertionError):
        check_repr(l2)


def test_a_concept_that_loses_an_argument_on_its_way_through_a_table_is_caught(monkeypatch):
    l2 = shelf_members("regularizers")["L2"]
    monkeypatch.setattr(catalog, "describe", lambda one: {"type": "L2"} if isinstance(one, l2) else one)
    with pytest.raises(AssertionError):
        check_table(l2)
