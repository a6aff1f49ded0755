from striate.check import check
from striate.layers import Conv2D, Dense, Flatten
from striate.network import Network
from striate.report.network import COLUMNS, network_rows, network_total


def test_a_row_is_written_as_people_write_it():
    row = {"name": "conv2d", "type": "Conv2D", "output": [24, 24, 20], "params": 52_000, "macs": 2_880_000,
           "receptive_field": [5, 5], "stride": [1, 2], "bytes": 46_080}  # fmt: skip
    assert network_rows({"rows": [row]}) == [
        ("conv2d", "Conv2D", "24 × 24 × 20", "52,000", "2,880,000", "5 × 5", "1 × 2", "46.1 kB")
    ]


def test_what_a_row_does_not_say_is_a_dash():
    assert network_rows({"rows": [{}]}) == [("–",) * len(COLUMNS)]
    assert network_rows({}) == []


def test_an_axis_of_unknown_length_is_a_question_mark():
    assert network_rows({"rows": [{"output": [None, 28, 1], "stride": 2}]})[0][2::4] == ("? × 28 × 1", "2")


def test_the_total_adds_up_the_memory():
    total = network_total({"params": 1234, "macs": 5, "rows": [{"bytes": 900}, {"bytes": None}, {"bytes": 1100}]})
    assert total == ("Total", "", "", "1,234", "5", "", "", "2.0 kB")


def test_a_real_table_fills_every_column():
    table = check(Network.sequential([Conv2D(6, 5), Flatten(), Dense(10)], (32, 32, 1))).to_json()
    first, _, last = network_rows(table)
    # 6 (5·5 + 1) weights, 6·5·5·28·28 products, 4 bytes for each of 28·28·6 numbers
    assert first == ("conv2d", "Conv2D", "28 × 28 × 6", "156", "117,600", "5 × 5", "1 × 1", "18.8 kB")
    assert last[:5] == ("dense", "Dense", "10", "47,050", "47,040")
    assert network_total(table)[3:5] == ("47,206", "164,640")
