"""How a proof prints."""

import json

import pytest

from striate.errors import ProofError
from striate.finding import Finding
from striate.proof import Proof, Row, prove
from tests.proof.networks import with_cubed

ROWS = (
    Row("conv2d", "Conv2D", 2e-16, 3e-15, 4e-12, 24, 1, 0),
    Row("mine", "Cubed", None, None, 0.0, 24, 0, 2),
    Row("whole network", "", None, None, 5e-10, 24, 0, 0),
)
SOUND = Proof(ROWS, (), 24, 3, 7)
FAULT = Finding("gradient-disagrees", "mine", "dE/dx[0]: autograd 1", "its backward is wrong", "mend it", "error")
BROKEN = Proof(ROWS, (FAULT,), 24, 3, 7)


def titles(text):
    return next(line for line in text.splitlines() if line.strip()).split()


def test_wide_it_shows_all_there_is():
    text = SOUND.plain(120)
    names = "layer type forward backward numeric moved split skip"
    assert titles(text) == names.split()
    lines = [line.split() for line in text.splitlines()]
    assert ["conv2d", "Conv2D", "2e-16", "3e-15", "4e-12", "24", "1", "0"] in lines
    assert ["mine", "Cubed", "-", "-", "0", "24", "0", "2"] in lines


def test_where_the_terminal_is_narrow_columns_give_way_in_order():
    shown = [titles(SOUND.plain(width)) for width in (120, 60, 50, 45, 34)]
    assert [len(each) for each in shown] == sorted((len(each) for each in shown), reverse=True)
    assert shown[-1] == ["layer", "backward", "numeric"]


@pytest.mark.parametrize("width", range(40, 121, 10))
def test_it_never_is_wider_than_the_terminal(width):
    for proof in (SOUND, BROKEN, prove(with_cubed(of_w=-1.0), "sparse_categorical_crossentropy", entries=2)):
        assert max(map(len, proof.plain(width).splitlines())) <= width


def test_it_says_what_was_compared_and_how_often_a_kink_was_met():
    text = " ".join(SOUND.plain().split())
    assert "3 images, seed 7; 72 numbers moved, 24 a layer at most" in text
    assert "1 step halved to stay on one side, 2 skipped for sitting on one" in text
    assert "without a textbook rule, proved by differences alone: mine" in text
    assert "proved: by hand = autograd = numerical" in text


def test_a_network_without_any_rule_is_not_said_to_agree_with_one():
    assert "proved: autograd = numerical" in Proof(ROWS[1:], (), 24, 3, 7).plain()


def test_what_disagrees_is_told_and_nothing_is_said_to_be_proved():
    text = BROKEN.plain()
    assert "gradient-disagrees at mine: its backward is wrong" in text
    assert "sum   : dE/dx[0]: autograd 1" in text
    assert "proved:" not in text
    assert not BROKEN.agrees


def test_json_has_rows_and_findings_and_no_infinity():
    rows = (Row("conv2d", "Conv2D", float("inf"), 0.0, 0.0, 1, 0, 0),)
    found = json.loads(json.dumps(Proof(rows, (FAULT,), 24, 3, 7).to_json(), allow_nan=False))
    assert set(found) == {"rows", "agrees", "entries", "images", "seed", "findings"}
    assert found["rows"][0]["forward"] is None
    assert found["findings"][0]["where"] == "mine"
    assert found["agrees"] is False


def test_require_names_the_layers():
    SOUND.require()
    with pytest.raises(ProofError, match="1 disagreement between") as refused:
        BROKEN.require()
    assert (refused.value.where, refused.value.sum, refused.value.fix) == ("mine", FAULT.evidence, "mend it")
