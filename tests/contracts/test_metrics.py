"""Every member of the shelf of metrics is declared as concepts are."""

import pytest

from tests.contracts.declarations import check_declaration, shelf_members

MEMBERS = shelf_members("metrics")


@pytest.mark.parametrize("name", MEMBERS)
def test_it_is_declared_as_concepts_are(name):
    check_declaration(MEMBERS[name])
