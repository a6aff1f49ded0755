"""The table: its rows and totals, as JSON, on terminals of every width, as Keras prints it, in a notebook."""

import io
import json

import pytest
from rich.console import Console

from striate.check import Row, Table, check
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D
from striate.network import Network


@pytest.fixture(scope="module")
def textbook():
    """The network of lecture 000: 20 maps of 5x5."""
    chain = [
        Conv2D(20, (5, 5), activation="relu", input_shape=(28, 28, 1)),
        MaxPooling2D((2, 2)),
        Flatten(),
        Dense(100, activation="relu"),
        Dropout(0.5),
        Dense(10, activation="softmax"),
    ]
    return check(Network.sequential(chain), "sparse_categorical_crossentropy", classes=10, strict=True)


@pytest.fixture(scope="module")
def amiss():
    """A network with fixed weights, a bias too many and a window that does not tile."""
    chain = [
        Conv2D(8, 3, strides=3, name="eyes", input_shape=(7, 9, 3)),
        BatchNormalization(),
        Conv2D(4, (1, 2), activation="relu"),
    ]
    return check(Network.sequential(chain))


def test_the_rows_are_sums_that_a_pencil_can_do(textbook):
    assert textbook.rows == (
        Row("conv2d", "Conv2D", (24, 24, 20), 20 * 26, 0, 20 * 25 * 24 * 24, (5, 5), (1, 1), 4 * 24 * 24 * 20),
        Row("max_pooling2d", "MaxPooling2D", (12, 12, 20), 0, 0, 0, (6, 6), (2, 2), 4 * 2880),
        Row("flatten", "Flatten", (2880,), 0, 0, 0, (6, 6), None, 4 * 2880),
        Row("dense", "Dense", (100,), 2881 * 100, 0, 2880 * 100, (28, 28), None, 4 * 100),
        Row("dropout", "Dropout", (100,), 0, 0, 0, (28, 28), None, 4 * 100),
        Row("dense_1", "Dense", (10,), 101 * 10, 0, 100 * 10, (28, 28), None, 4 * 10),
    )


def test_the_totals_are_those_of_the_rows(textbook, amiss):
    assert (textbook.params, textbook.non_trainable, textbook.macs) == (289_630, 0, 577_000)
    assert (textbook.receptive_field, textbook.bytes) == ((6, 6), 4 * (11_520 + 2 * 2880 + 210))
    assert (amiss.params, amiss.non_trainable) == (8 * 28 + 16 + 4 * 17, 16)


def test_json_has_the_keys_that_were_settled_and_survives_the_journey(textbook, amiss):
    for table in (textbook, amiss):
        said = table.to_json()
        assert json.loads(json.dumps(said)) == said
        assert list(said) == ["rows", "params", "non_trainable", "macs", "receptive_field", "findings"]
        for row in said["rows"]:
            keys = ["name", "type", "output", "params", "macs", "receptive_field", "stride", "bytes"]
            assert list(row) == keys
        for finding in said["findings"]:
            assert list(finding) == ["fault", "where", "evidence", "cause", "fix"]
    assert textbook.to_json()["rows"][1] == {
        "name": "max_pooling2d",
        "type": "MaxPooling2D",
        "output": [12, 12, 20],
        "params": 0,
        "macs": 0,
        "receptive_field": [6, 6],
        "stride": [2, 2],
        "bytes": 11_520,
    }
    assert [finding["fault"] for finding in amiss.to_json()["findings"]] == [
        "window-does-not-tile",
        "linear-after-linear",
        "bias-before-batch-norm",
    ]


def test_what_has_no_map_has_no_receptive_field_in_json():
    said = Table.of(Network.sequential([Dense(3)], (4,))).to_json()
    assert (said["receptive_field"], said["rows"][0]["receptive_field"], said["rows"][0]["stride"]) == (None,) * 3


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_tables_are_golden(textbook, amiss, width, golden):
    golden(f"check_{width}.txt", f"{textbook.plain(width)}\n\n{amiss.plain(width)}")


def test_the_summary_is_golden(textbook, golden):
    golden("check_summary.txt", textbook.text("textbook"))


@pytest.mark.parametrize("width", [40, 52, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(textbook, amiss, width):
    for text in (textbook.plain(width), amiss.plain(width), textbook.text(width=width)):
        assert max(map(len, text.splitlines())) <= width


def test_a_narrow_terminal_gets_fewer_columns_and_keeps_every_number_whole(textbook):
    def columns(width):
        return textbook.plain(width).splitlines()[2].split()

    assert columns(40) == ["layer", "output", "params"]
    assert columns(43) == ["layer", "output", "params", "MACs"]
    assert columns(80) == ["layer", "output", "params", "MACs", "field", "stride", "memory"]
    assert columns(81)[1] == "type"
    assert "289,630" in textbook.plain(40)


def test_columns_with_nothing_to_say_are_left_out():
    text = Table.of(Network.sequential([Dense(3)], (4,))).plain()
    assert "field" not in text and "stride" not in text and "fixed" not in text


def test_what_is_printed_without_a_terminal_has_no_colour(amiss):
    assert "\x1b" not in str(amiss)
    out = io.StringIO()
    Console(file=out, width=80).print(amiss)
    assert "\x1b" not in out.getvalue()


def test_on_a_terminal_findings_have_colour(amiss):
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system="standard", no_color=False).print(amiss)
    assert "\x1b[33m" in out.getvalue()


def test_printing_a_table_and_looking_at_it_show_the_same(textbook):
    assert str(textbook) == repr(textbook) == textbook.plain()


def test_the_summary_counts_all_weights_as_keras_does(amiss):
    text = amiss.text("eyes")
    assert text.startswith('Model: "eyes"\n')
    assert "(None, 2, 3, 8)" in text
    assert "│ batch_normalization (BatchNormalization) │ (None, 2, 3, 8) │      32 │" in text
    assert text.endswith(
        " Total params: 324 (1.3 kB)\n Trainable params: 308 (1.2 kB)\n Non-trainable params: 16 (64 B)"
    )


def test_a_notebook_gets_a_table_in_which_nothing_is_markup(amiss):
    said = amiss.html("<net>")
    assert said.startswith("<table><caption>&lt;net&gt;</caption><tr><th>layer</th>")
    assert said.count("<tr>") == 1 + 3 + 1
    assert said.count("<pre>") == 3
    assert amiss._repr_html_().startswith("<table><tr>")


def test_a_network_of_nothing_but_an_input_has_an_empty_table():
    table = Table.of(Network.sequential([Input((4, 4, 1))]))
    assert (table.rows, table.params, table.macs, table.receptive_field) == ((), 0, 0, None)
    assert table.plain().split()[:5] == ["input", "4x4x1", "layer", "type", "output"]


def test_names_in_brackets_are_shown_as_they_are():
    table = Table((), (Row("[red]x[/red]", "Dense", (1,), 0, 0, 0, None, None, 4),))
    assert "[red]x[/red]" in table.plain()
    assert "[red]x[/red] (Dense)" in table.text()
