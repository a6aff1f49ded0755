from striate.report.machine import facts, headline
from striate.train import machine


def test_what_is_known_is_told_in_order_and_in_units():
    summary = {"threads": 2, "seconds_train": 75.0, "seconds_total": 3725.0, "images_per_second": 6363.7, "seed": 0}
    assert facts(summary, {"torch": "2.13.0", "memory": 25_276_502_016, "cpu": "Epyc", "cores": 2}) == [
        ("Training", "1 min 15 s"),
        ("Everything before this report", "1 h 2 min"),
        ("Images per second", "6,364"),
        ("Threads", "2"),
        ("Seed", "0"),
        ("Processor", "Epyc"),
        ("Cores", "2"),
        ("Memory", "25.3 GB"),
        ("PyTorch", "2.13.0"),
    ]


def test_what_is_not_known_is_left_out():
    assert facts({"images_per_second": None}, {"memory": 0, "cpu": None}) == []
    assert headline({}, {}, 0) == []


def test_a_fact_without_a_name_keeps_its_own():
    assert facts({}, {"gpu": "none", "watts": 12.345, "tuned": True}) == [
        ("gpu", "none"),
        ("watts", "12.35"),
        ("tuned", "True"),
    ]


def test_every_fact_of_a_real_machine_has_a_name():
    assert not {name for name, _ in facts({}, machine())} & set(machine())


def test_the_headline_has_the_few_figures():
    assert headline({"params": 61_706, "macs": 416_520, "seconds_train": 1.25}, {}, 1) == [
        ("62k", "parameters"),
        ("417k", "MACs per image"),
        ("1", "epoch"),
        ("1.2 s", "of training"),
    ]


def test_the_headline_takes_from_the_network_what_the_summary_lacks():
    assert headline({"epochs": 3}, {"params": 100}, 0) == [("100", "parameters"), ("3", "epochs")]
