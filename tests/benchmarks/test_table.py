"""Ratios, medians and shares of the table, by hand."""

import pytest

from benchmarks import table


def run(speed, start=1.0, megabytes=100):
    return {"images_per_second": speed, "start": start, "MB": megabytes, "epochs": [1.0], "weights": 5, "note": ""}


def series(peer, *runs, network="lenet", cores=2, problem=""):
    return {"network": network, "cores": cores, "peer": peer, "runs": list(runs), "problem": problem}


@pytest.fixture
def found():
    machine = {"cpu": "Some CPU", "capability": "AVX2", "memory": 2**34, "torch": "2.13.0", "python": "3.11.7"}
    facts = {"machine": machine, "striate": "0.1.0", "cores": 2, "when": "2026-01-01", "rounds": 3, "seconds": 3.0}
    return {
        "facts": facts | {"flop": {"lenet": 10_000_000}},
        "peaks": {2: {"float32": 100.0, "bfloat16": 200.0}},
        "series": [
            series("striate", run(4000), run(2000), run(3000)),
            series("other", run(1000), run(1000), run(2000)),
        ],
        "left_out": ["flax"],
        "interrupted": False,
    }


def test_a_ratio_is_taken_within_each_round(found):
    # 4000/1000 = 4, 2000/1000 = 2, 3000/2000 = 1.5: the median is 2, where medians divided would give 3000/1000 = 3
    _, other = table.summary(found)
    assert other["ratio"] == {"median": 2, "min": 1.5, "max": 4}


def test_a_round_that_one_of_them_missed_has_no_ratio():
    assert table.ratios([run(4), None, run(6)], [run(2), run(1), None]) == [2]


def test_the_share_of_the_peak_is_of_the_faster_precision(found):
    # the median of 3000 images/s at 0.01 GFLOP is 30 GFLOP/s, of 200 that is 15 %
    striate, _ = table.summary(found)
    assert striate["GFLOP/s"] == 30 and striate["share of peak"] == 0.15


def test_the_table_names_the_machine_its_bound_and_what_is_not_installed(found):
    text = table.markdown(found)
    assert "Some CPU, 2 cores, AVX2, 16 GiB" in text
    assert "float32 100; bfloat16 200" in text
    assert "| other | 2.00× (1.50 to 4.00) | 1,000 | 10.0 | 5.0 % | 1.0 | 100 |" in text
    assert "Not installed: flax." in text


def test_a_peer_that_failed_is_told_beside_those_that_ran(found):
    found["series"].append(series("broken", None, None, None, problem="exit status 1: ImportError"))
    text = table.markdown(found)
    assert "Failed: broken, lenet, 2 cores: exit status 1: ImportError." in text
    assert "| other |" in text


def test_an_interrupted_measurement_gives_the_table_of_what_was_measured(found):
    found["series"] = [
        series("striate", run(4000)),
        series("other", run(2000)),
        series("late"),
        series("striate", network="vgg"),
    ]
    found["interrupted"] = True
    text = table.markdown(found)
    assert "Interrupted" in text and "2.00×" in text and "| late |" not in text and "vgg" not in text
